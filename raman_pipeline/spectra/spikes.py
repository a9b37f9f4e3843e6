"""Removal of cosmic rays: spikes of one or two points.

Their width distinguishes them from bands, so only where the axis has several points per band.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

WIDEST_STEP_CM1 = 2.5
"""Median step beyond which a band may be one point wide, as a spike is."""
_REACH = 3
"""Points on either side that a spike is compared with."""
_NOISE = 8.0
_HEIGHT = 0.02
"""Of the range of the spectrum; lower spikes change no identification."""
_BESIDE = 0.2
"""Largest height of the lower neighbour, in units of the spike's: that of a band is higher, even
where it is only two points wide at half of its height."""


def without_spikes(
    shift: npt.NDArray[np.floating[Any]], intensity: npt.NDArray[np.floating[Any]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Returns spectra of one axis with their spikes interpolated, and the numbers of these.

    Args:
        shift: [n], cm⁻¹, ascending.
        intensity: [k, n]; unchanged if shorter than 16 points, or if the median step of the shift
            exceeds 2.5 cm⁻¹.

    Returns:
        float64 [k, n] and int64 [k].
    """
    values = np.array(intensity, dtype=np.float64)
    spikes = np.zeros(len(values), dtype=np.int64)
    if values.shape[1] < 16 or float(np.median(np.diff(shift))) > WIDEST_STEP_CM1:
        return values, spikes
    bends = np.diff(values, 2)
    off = np.abs(bends - np.median(bends, axis=1, keepdims=True))
    noise = 1.4826 * np.median(off, axis=1) / np.sqrt(6)
    lowest = np.maximum(_NOISE * noise, _HEIGHT * np.ptp(values, axis=1))
    for row in np.flatnonzero(_sharp(values, bends, lowest[:, None]).any(axis=1)):
        spikes[row] = _interpolate_spikes(values[row], float(lowest[row]))
    return values, spikes


def _sharp(
    values: npt.NDArray[np.float64], bends: npt.NDArray[np.float64], lowest: Any
) -> npt.NDArray[np.bool_]:
    """Returns which inner points may be spikes, bool [..., n - 2]."""
    drop = values[..., 1:-1] - np.minimum(values[..., :-2], values[..., 2:])
    return (drop > (1 - _BESIDE) * lowest) & (bends <= 0)


def _interpolate_spikes(values: npt.NDArray[np.float64], lowest: float) -> int:
    """Interpolates the spikes of one spectrum in place, and returns their number."""
    bends, spikes = np.diff(values, 2), 0
    # The second time for spikes that lay beside higher ones.
    for _ in range(2):
        at = 1 + np.flatnonzero(_sharp(values, bends, lowest))
        at = at[(at >= _REACH) & (at < values.size - _REACH)]
        near = values[at[:, None] + np.arange(-_REACH, _REACH + 1)]
        level, top = near.min(axis=1), near[:, _REACH]
        surroundings = np.median(np.delete(near, _REACH, axis=1), axis=1)
        beside = np.minimum(near[:, _REACH - 1], near[:, _REACH + 1]) - level
        found = (top >= near.max(axis=1)) & (top - surroundings > lowest)
        found &= beside < _BESIDE * (top - level)
        if not found.any():
            break
        for spike in at[found]:
            ends = [spike - 2, spike + 2]
            inside = np.arange(spike - 1, spike + 2)
            values[inside] = np.interp(inside, ends, values[ends])
        spikes += int(found.sum())
        bends = np.diff(values, 2)
    return spikes
