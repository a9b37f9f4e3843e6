"""The universal synthetic spectra of Schuetzke, Szymanski & Reischl (2023), generated anew.

What belongs here: classes, the variation of their spectra, spectra and their files. What does not:
learning from them (see `learning.synthetic_tasks`).
"""

VARIATION_SEED = 2023
"""Seed of training and validation spectra; the benchmark publishes the classes, not the spectra."""
