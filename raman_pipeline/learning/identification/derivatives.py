"""What spectra are compared by: slopes of square roots, evened out along the axis.

What belongs here: the representation and its similarity. What does not: the search (see
`search`).

Slopes do not see a slow background, square roots let weak bands count, and dividing by the root of
the slopes nearby lets a region of weak bands count beside one of strong ones. Of what
was tried on the mirror (spectra, roots, slopes under 1.5 to 6 cm⁻¹, curvatures, peaks, shifts,
within-mineral whitening) this named most unseen specimens.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from raman_pipeline.spectra.derivatives import root_derivative_spectra

Floats = npt.NDArray[np.float32]

_SMOOTHING, _NEARBY = 5.0, 60.0
"""Deviations of the Gaussians, grid points of 1 cm⁻¹."""
_FLOOR = 0.02
_EDGE = 3
"""Points at the ends of a spectrum whose slopes the ends themselves make."""


def slopes(intensity: npt.NDArray[np.floating], covered: npt.NDArray[np.bool_]) -> Floats:
    """Returns evened slopes of spectra, float32 [n, m]; zero where nothing was measured.

    Args:
        intensity: [n, m], 0 to 1, on a grid of 1 cm⁻¹.
        covered: bool [n, m], the points that each spectrum reaches (see `inner`).
    """
    steep = root_derivative_spectra(np.asarray(intensity, dtype=np.float32), _SMOOTHING)
    nearby = gaussian_filter1d(np.abs(steep), _NEARBY, axis=1)
    floor = np.maximum(_FLOOR * nearby.max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.where(covered, steep / np.sqrt(nearby + floor), 0).astype(np.float32)


def inner(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Returns the points far enough from the ends of each spectrum, bool [n, m]."""
    kept = inside.copy()
    for _ in range(_EDGE):
        kept[:, 1:-1] &= kept[:, :-2] & kept[:, 2:]
        kept[:, 0] &= kept[:, 1]
        kept[:, -1] &= kept[:, -2]
    return kept


def similarities(
    query: Floats,
    query_covered: npt.NDArray[np.bool_],
    reference: Floats,
    reference_covered: npt.NDArray[np.float32],
    reference_squares: Floats,
) -> Floats:
    """Returns cosines over the points that both spectra cover, float32 [q, n].

    Args:
        query: slopes [q, m].
        query_covered: bool [q, m].
        reference: slopes [n, m].
        reference_covered: 0 or 1, float32 [n, m].
        reference_squares: squares of `reference`, over all points of each; float32 [n, m].
    """
    products = query @ reference.T
    mine = (query * query) @ reference_covered.T
    theirs = query_covered.astype(np.float32) @ reference_squares.T
    norms = np.sqrt(np.maximum(mine * theirs, np.finfo(np.float32).tiny))
    return (products / norms).astype(np.float32, copy=False)
