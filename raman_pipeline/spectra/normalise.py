"""Normalisation of spectra: after resampling, since a spline can leave the range of its knots."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Real = TypeVar("Real", np.float32, np.float64)


def min_max(
    intensity: npt.NDArray[np.floating], valid: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float64]:
    """Scales spectra of one range to 0..1 over it; zero elsewhere.

    Args:
        intensity: [..., n], finite.
        valid: bool [n], the points within the range; all if None. Zero
            padding is excluded from minimum and maximum.

    Returns:
        float64 [..., n]. A flat spectrum, or one without valid points, becomes zeros.
    """
    values = np.asarray(intensity, dtype=np.float64)
    valid = np.ones(values.shape[-1], dtype=bool) if valid is None else valid
    result = np.zeros(values.shape)
    if not valid.any():
        return result
    inside = values[..., valid]
    low, high = inside.min(axis=-1, keepdims=True), inside.max(axis=-1, keepdims=True)
    scale = np.where(high > low, high - low, np.inf)
    # Clipping removes the last bit that rounding can add to 1.
    result[..., valid] = np.clip((inside - low) / scale, 0.0, 1.0)
    return result


def unit_vectors(values: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """Returns rows of unit Euclidean length, [n, m], in their own dtype; zeros stay zero."""
    norm = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(norm, np.finfo(np.float32).tiny)
