"""What is learned from the universal synthetic spectra, and what is not.

What belongs here: the tasks of Vorozhtsov & Kitina (2024), their embedding, untrained baselines,
peak models, the report. What does not: the spectra (see `universal_synthetic`), real minerals
(see `learning.identification`).
"""
