"""The noisy variant: noise, a slow background and cosmic rays on clean spectra.

What belongs here: what the benchmark leaves out and measured spectra have. The choice is ours,
and every report that uses it says so. What does not: the clean spectra (see `rendering`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NOISE = 0.02
"""Deviation of white Gaussian noise, as a share of the highest peak."""
BACKGROUND = 0.5
"""Greatest height of the background: a broad Gaussian band upon a slope."""
RAYS = 1.0
"""Mean number of cosmic rays (Poisson), each one point wide."""
RAY_HEIGHTS = (0.2, 1.5)

Spectra = npt.NDArray[np.float32]


def disturbed(spectra: Spectra, seed: int) -> Spectra:
    """Returns spectra with noise, background and cosmic rays, float32 [n, m].

    Args:
        spectra: [n, m], highest value 1.
        seed: of all that is added; rows are drawn one after the other.
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
        rays = rng.integers(0, points, rng.poisson(RAYS))
        values[rays] += rng.uniform(*RAY_HEIGHTS, rays.size)
        noisy[row] = values
    return noisy
