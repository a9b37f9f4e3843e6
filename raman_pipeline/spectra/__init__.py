"""Spectra as numbers: window, resampling, normalisation, tensors on disk.

What belongs here: signal processing of spectra, readers of spectrum files, the tensor file. What
does not: file formats of RRUFF, learning, torch.
"""
