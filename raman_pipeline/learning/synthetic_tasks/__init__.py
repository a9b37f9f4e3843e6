"""The tasks of Vorozhtsov & Kitina (2024) on the universal synthetic spectra.

What belongs here: the tasks, the paper's embedding, untrained baselines, peak models, the report.
What does not: the spectra (see `universal_synthetic`), real minerals (see
`learning.identification`).
"""
