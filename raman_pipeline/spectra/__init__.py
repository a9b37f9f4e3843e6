"""Spectra as numbers: window, resampling, normalisation, tensors on disk.

What belongs here: what is done to the numbers of a spectrum, and how the resulting
tensor is stored. What does not: file formats of RRUFF, learning, torch.
"""
