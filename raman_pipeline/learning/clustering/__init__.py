"""Clusters of spectra: from spectra or latents to groups, and what the groups are worth.

What belongs here: representations, embeddings in the plane, K-Means, scores, the published
list. What does not: the autoencoder (see `raman_pipeline.learning.denoising`).
"""
