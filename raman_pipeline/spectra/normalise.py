"""Normalisation of spectra: after resampling, since a spline can leave the range of its knots."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Real = TypeVar("Real", np.float32, np.float64)


def min_max(
    intensity: npt.NDArray[np.floating], inside: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float64]:
    """Scales a spectrum to 0..1 over its own range; zero elsewhere.

    Args:
        intensity: [n], finite.
        inside: bool [n], the points that the spectrum covers; all where None. Zero
            padding takes no part in minimum and maximum.

    Returns:
        float64 [n]. A flat spectrum, or one without points inside, becomes zeros.
    """
    values = np.asarray(intensity, dtype=np.float64)
    inside = np.ones(values.shape, dtype=bool) if inside is None else inside
    result = np.zeros(values.shape)
    if not inside.any():
        return result
    low, high = values[inside].min(), values[inside].max()
    if high > low:
        # Clipping removes the last bit that rounding can add to 1.
        result[inside] = np.clip((values[inside] - low) / (high - low), 0.0, 1.0)
    return result


def unit_vectors(values: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """Returns rows of unit Euclidean length, [n, m], in their own dtype; zeros stay zero."""
    norm = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(norm, np.finfo(np.float32).tiny)
