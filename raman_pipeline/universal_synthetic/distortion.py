"""Distortion of clean spectra: noise, a slowly varying background and cosmic rays.

Not part of the published benchmark; the parameters are ours, and the reports say so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NOISE = 0.02
"""Standard deviation of white Gaussian noise, relative to the highest peak."""
BACKGROUND = 0.5
"""Largest height of the background: a broad Gaussian band on a linear slope."""
COSMIC_RAYS = 1.0
"""Mean number of cosmic rays (Poisson), each one point wide."""
COSMIC_RAY_HEIGHTS = (0.2, 1.5)

Spectra = npt.NDArray[np.float32]


def distorted(spectra: Spectra, seed: int) -> Spectra:
    """Returns spectra with noise, background and cosmic rays, float32 [n, m].

    Args:
        spectra: [n, m], highest value 1.
        seed: of noise, backgrounds and cosmic rays; drawn row by row.
    """
    rng = np.random.default_rng(seed)
    points = spectra.shape[1]
    x = np.linspace(0.0, 1.0, points)
    noisy = np.empty_like(spectra)
    for row, clean in enumerate(spectra):
        height, slope = rng.uniform(0.0, BACKGROUND, 2)
        centre, width = rng.uniform(0.0, 1.0), rng.uniform(0.15, 0.6)
        background = height * np.exp(-0.5 * ((x - centre) / width) ** 2)
        background += slope * (x if rng.random() < 0.5 else 1.0 - x)
        values = clean + background + NOISE * rng.standard_normal(points)
        rays = rng.integers(0, points, rng.poisson(COSMIC_RAYS))
        values[rays] += rng.uniform(*COSMIC_RAY_HEIGHTS, rays.size)
        noisy[row] = values
    return noisy
