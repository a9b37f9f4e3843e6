"""The universal synthetic spectra of Schuetzke, Szymanski & Reischl (2023), made anew.

What belongs here: classes, how their spectra vary, spectra and their files. What does not: what
is learned from them (see `learning.synthetic_tasks`).
"""

VARIATION_SEED = 2023
"""Of training and validation; the benchmark publishes the classes, not these draws."""
