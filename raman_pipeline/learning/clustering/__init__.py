"""Clustering of spectra: representations, t-SNE, K-Means, scores, the paper's files.

What belongs here: clusterings and their evaluation. What does not: the autoencoder (see
`raman_pipeline.learning.denoising`), whose latents and decoder are arguments here.
"""
