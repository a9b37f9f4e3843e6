"""Smoothed first-derivative spectra: slowly varying baselines vanish, bands stay."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.spectra.normalise import Real


def derivative_spectra(intensity: npt.NDArray[Real], sigma: float) -> npt.NDArray[Real]:
    """Returns first derivatives of Gaussian-smoothed spectra, [n, m], in their own dtype.

    Args:
        intensity: [n, m], on an equidistant grid.
        sigma: standard deviation of the Gaussian, grid points.
    """
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(intensity, sigma, axis=1, order=1)


def root_derivative_spectra(intensity: npt.NDArray[Real], sigma: float) -> npt.NDArray[Real]:
    """Returns the same of square-rooted spectra; the root lets weak bands count.

    Args:
        intensity: [n, m]; negative values count as zero.
        sigma: standard deviation of the Gaussian, grid points.
    """
    return derivative_spectra(np.sqrt(np.clip(intensity, 0, None)), sigma)
