"""The universal synthetic spectra of Schuetzke, Szymanski & Reischl (2023), made anew.

What belongs here: classes, how their spectra vary, spectra and their files. What does not: what
is learned from them (see `learning.synthetic_tasks`).
"""
