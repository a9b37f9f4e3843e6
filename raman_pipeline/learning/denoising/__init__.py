"""Denoising autoencoders of spectra, and classical smoothers to compare them with.

What belongs here: presets, training and evaluation of denoisers. What does not: the clustering
of their latents (see `raman_pipeline.learning.clustering`).
"""
