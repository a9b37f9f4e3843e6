"""Figures: one function a figure, data in, a matplotlib figure out.

What belongs here: drawing. What does not: files, numbers that are not on the figure,
any input or output.
"""
