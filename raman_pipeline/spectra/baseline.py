"""Baselines: fluorescence and other slowly varying backgrounds of spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

BASELINES = ("none", "arpls", "asls", "snip")
"""Ways to correct a baseline: algorithms of pybaselines, or none."""
LAM = 1e5
"""Smoothness of arPLS and AsLS baselines on a grid of 1 cm⁻¹."""
_SNIP_HALF_WINDOW = 40.0
"""cm⁻¹."""


def baseline(intensity: Floats, step_cm1: float, method: str = "arpls") -> npt.NDArray[np.float64]:
    """Returns the baseline of one spectrum, float64 [n].

    The smoothness is the same at any step: a penalty of second differences is equivalent to
    one of second derivatives where `lam` is proportional to step⁻⁴.

    Args:
        intensity: [n], by ascending Raman shift.
        step_cm1: distance of two points, cm⁻¹.
        method: `arpls` (Baek et al. 2015), `asls` (Eilers & Boelens 2005) or `snip`
            (Ryan et al. 1988).
    """
    # pybaselines takes half a second to import, and most spectra come baseline-corrected.
    from pybaselines import Baseline

    values, fitter = np.asarray(intensity, dtype=np.float64), Baseline(check_finite=False)
    if method == "snip":
        half_window = max(1, round(_SNIP_HALF_WINDOW / step_cm1))
        return fitter.snip(values, max_half_window=half_window, decreasing=True)[0]
    return getattr(fitter, method)(values, lam=LAM / step_cm1**4)[0]


def lower_envelopes(
    intensity: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], half_window: int
) -> npt.NDArray[np.float32]:
    """Returns SNIP baselines of many spectra at once, float32 [n, m] (Ryan et al. 1988).

    Args:
        intensity: [n, m], on a common equidistant grid.
        valid: bool [n, m], the points within the range of each spectrum.
        half_window: the widest, grid points; it decreases to 1.
    """
    points = np.arange(intensity.shape[1])
    first = valid.argmax(axis=1)[:, None]
    last = points[-1] - valid[:, ::-1].argmax(axis=1)[:, None]
    # Beyond its range a spectrum goes on at the level of its end.
    lower = np.take_along_axis(intensity, np.clip(points, first, last), axis=1)
    for width in range(half_window, 0, -1):
        inner = lower[:, width:-width]
        np.minimum(inner, (lower[:, : -2 * width] + lower[:, 2 * width :]) / 2, out=inner)
    return lower
