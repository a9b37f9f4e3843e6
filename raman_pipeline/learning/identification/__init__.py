"""Naming minerals from their spectra by a library of reference spectra.

What belongs here: the library, its search, calibrated probabilities, mixtures, and the evaluation
of them all. What does not: reading files (see `spectra.spectrum_files`), the command (see `cli`),
synthetic spectra (see `learning.synthetic_tasks`). `identify` and what it imports do without
pandas, pyarrow and scikit-learn, so that the command starts in less than two seconds.
"""
