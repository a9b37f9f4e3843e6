"""Resampling onto a common grid.

What belongs here: interpolation of one spectrum, of many, and what it loses. What
does not: the choice of the grid (see `window`), scaling (see `normalise`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline, PchipInterpolator

from raman_pipeline.spectra.normalise import min_max

Interpolation = Literal["cubic", "pchip"]

_INTERPOLATORS = {"cubic": CubicSpline, "pchip": PchipInterpolator}


def resample(
    raman_shift: npt.NDArray[np.floating],
    intensity: npt.NDArray[np.floating],
    grid: npt.NDArray[np.float64],
    interpolation: Interpolation = "cubic",
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Puts one spectrum on a grid; zero outside its own range.

    Args:
        raman_shift: [n], cm⁻¹, strictly increasing.
        intensity: [n].
        grid: [m], cm⁻¹, increasing.
        interpolation: `cubic` (not-a-knot spline, as in Pappone 2024; it can overshoot)
            or `pchip` (shape-preserving; it cannot).

    Returns:
        Intensity float64 [m] and the points inside the spectrum's range, bool [m].
    """
    inside = (grid >= raman_shift[0]) & (grid <= raman_shift[-1])
    values = np.zeros(grid.shape)
    if inside.any():
        interpolator = _INTERPOLATORS[interpolation](
            np.asarray(raman_shift, dtype=np.float64), np.asarray(intensity, dtype=np.float64)
        )
        values[inside] = interpolator(grid[inside])
    return values, inside


@dataclass(frozen=True)
class ResampledSet:
    """Many spectra on one grid, and what the grid cost them.

    Attributes:
        intensity: float32 [n, m], each row min-max normalised over its own range.
        peak_loss: float64 [n], the part of the highest peak's height above the minimum
            that the grid misses (0: nothing; negative: a spline overshoots).
        overshoot: float64 [n], how far the interpolation left the measured range, in
            units of that range.
    """

    intensity: npt.NDArray[np.float32]
    peak_loss: npt.NDArray[np.float64]
    overshoot: npt.NDArray[np.float64]


def resample_set(
    spectra: Iterable[tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]],
    count: int,
    grid: npt.NDArray[np.float64],
    interpolation: Interpolation = "cubic",
) -> ResampledSet:
    """Resamples and then normalises spectra, one at a time.

    Args:
        spectra: pairs of Raman shift and intensity, `count` of them.
        count: how many.
        grid: [m], cm⁻¹.
        interpolation: see `resample`.
    """
    result = np.zeros((count, grid.size), dtype=np.float32)
    peak_loss = np.zeros(count)
    overshoot = np.zeros(count)
    for row, (shift, intensity) in enumerate(spectra):
        values, inside = resample(shift, intensity, grid, interpolation)
        result[row] = min_max(values, inside)
        span = float(intensity.max() - intensity.min())
        if inside.any() and span > 0:
            found = values[inside]
            peak_loss[row] = (intensity.max() - found.max()) / span
            overshoot[row] = (
                max(0.0, found.max() - intensity.max(), intensity.min() - found.min()) / span
            )
    return ResampledSet(result, peak_loss, overshoot)
