"""Which mineral a spectrum is of: a library, a search, and how far to trust the answer.

What belongs here: all that identifies real spectra. What does not: reading files of spectra (see
`spectra.spectrum_files`), synthetic ones (see `learning.synthetic_tasks`). Nothing here but
`report` and `calibrating` imports pandas or scikit-learn: the command has two seconds.
"""
