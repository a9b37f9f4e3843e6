"""Readers of a user's own spectra: never an answer from numbers that are not the spectrum.

What belongs here: text in any dialect, JCAMP-DX, SPC, WDF, and what a spectrum must be. What does
not: RRUFF archives (see `rruff`), preprocessing (see `learning.identification.query`).
"""
