"""Denoising autoencoders of spectra, and the smoothers that they must beat.

What belongs here: presets, data, training and judging of denoisers. What does not: what is
made of their latents (see `raman_pipeline.learning.clustering`).
"""
