"""Normalisation of resampled spectra.

What belongs here: scaling intensities. What does not: resampling; normalise after
it, since a spline can leave the range that its knots span.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
