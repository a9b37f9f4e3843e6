"""Normalisation of spectra: after resampling, since a spline can leave the range of its knots."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Real = TypeVar("Real", np.float32, np.float64)


def min_max(
    intensity: npt.NDArray[np.floating], valid: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float64]:
    """Scales a spectrum to 0..1 over its own range; zero elsewhere.

    Args:
        intensity: [n], finite.
        valid: bool [n], the points within the range of the spectrum; all if None. Zero
            padding is excluded from minimum and maximum.

    Returns:
        float64 [n]. A flat spectrum, or one without valid points, becomes zeros.
    """
    values = np.asarray(intensity, dtype=np.float64)
    valid = np.ones(values.shape, dtype=bool) if valid is None else valid
    result = np.zeros(values.shape)
    if not valid.any():
        return result
    low, high = values[valid].min(), values[valid].max()
    if high > low:
        # Clipping removes the last bit that rounding can add to 1.
        result[valid] = np.clip((values[valid] - low) / (high - low), 0.0, 1.0)
    return result


def unit_vectors(values: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """Returns rows of unit Euclidean length, [n, m], in their own dtype; zeros stay zero."""
    norm = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(norm, np.finfo(np.float32).tiny)
