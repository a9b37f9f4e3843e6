"""What is wrong with a spectrum itself, however it is searched for.

The limits are set so that processed spectra of RRUFF give warnings in less than 1% (see
docs/identification.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.spectra.spikes import WIDEST_STEP_CM1

Floats = npt.NDArray[np.floating[Any]]

_LOW_SIGNAL_TO_NOISE = 15.0
_WIDEST_BAND_CM1 = 300.0
"""Wider than bands, narrower than a background."""
_WIDE_STEP_CM1 = 5.0
GAP_CM1 = 25.0
"""Step of the axis in which nothing was measured."""
GAP_STEPS = 3
"""Median steps from which a wide step is a gap, and no coarse axis."""
_PLATEAU_POINTS = 4
_PLATEAU_EDGE = 2
"""Fall beside a plateau, in the smallest steps of the intensity: a rounded maximum falls less."""
_MANY_POINTS, _FINE = 10, 5e-3
"""Points at the maximum that no rounding makes of an intensity with steps as fine as this."""
_SPIKE_HEIGHT = 0.1
_SPIKE_NOISE = 12.0
_SPIKE_BESIDE = 0.15
_DOWNWARD, _HIGHEST_MEDIAN = 1.1, 0.95
"""Of a spectrum of dips; of 14,942 spectra of RRUFF the greatest are 1.01 and 0.93."""
_BAND_SIGMA_CM1 = 4.0


class QualityWarning(NamedTuple):
    """A warning: its kind, one word for programs, and a text for people."""

    kind: str
    text: str


def quality_warnings(shift: Floats, intensity: Floats) -> list[list[QualityWarning]]:
    """Returns warnings of saturation, spikes, noise, wide steps and bands that point down.

    Args:
        shift: Raman shift, float [n], cm⁻¹, strictly increasing.
        intensity: of spectra of this axis, as measured, float [k, n].

    Returns:
        The warnings of each of the k spectra.
    """
    y = np.asarray(intensity, dtype=np.float64)
    height = np.ptp(y, axis=1)
    usable = (height > 0) & np.isfinite(height)
    y = (y - y.min(axis=1, keepdims=True))[usable] / height[usable, None]
    noise = _noise(y)
    ratios, spikes = signal_to_noise(shift, y, noise), _spikes(shift, y, noise)
    steps = _steps(shift)
    middle = np.median(y, axis=1)
    down = middle > _HIGHEST_MEDIAN
    if (high := np.flatnonzero(middle > 0.5)).size:
        down[high] |= middle[high] + _dips(shift, y[high]) > _DOWNWARD
    some = iter(
        _of_one(_plateau(one), at, ratio, steps, dips)
        for one, at, ratio, dips in zip(y, spikes, ratios, down, strict=True)
    )
    return [list(next(some)) if one else [] for one in usable]


def _of_one(
    clipped: int, spikes: list[float], ratio: float, steps: str, down: bool
) -> Iterator[QualityWarning]:
    if clipped:
        text = f"{clipped} neighbouring points at the maximum: the detector was full"
        yield QualityWarning("saturated", text)
    if spikes:
        places = ", ".join(f"{s:.0f}" for s in spikes[:5])
        text = f"{len(spikes)} narrow spikes (cosmic rays?), at {places} cm⁻¹"
        yield QualityWarning("spikes", text)
    if ratio < _LOW_SIGNAL_TO_NOISE:
        text = f"the strongest band stands {ratio:.1f} times the noise above its surroundings"
        yield QualityWarning("noisy", text)
    if steps:
        yield QualityWarning("wide_steps", steps)
    if not clipped and down:
        text = "its bands point down, as in infrared transmittance: is it a Raman spectrum?"
        yield QualityWarning("other_technique", text)


def _dips(shift: Floats, y: Floats) -> Floats:
    """Returns how much sharper dips are than bands, −1 to 1, [k].

    A band curves most at its top, a dip at its bottom: cubes of the second derivative tell.

    Args:
        shift: [n], cm⁻¹.
        y: from 0 to 1, [k, n].
    """
    from scipy.ndimage import gaussian_filter1d

    sigma = max(_BAND_SIGMA_CM1 / float(np.median(np.diff(shift))), 1.0)
    inner = slice(int(3 * sigma), -int(3 * sigma))
    cubes = gaussian_filter1d(y, sigma, axis=1, order=2)[:, inner] ** 3
    size = np.maximum(np.abs(cubes).sum(axis=1), np.finfo(np.float64).tiny)
    return np.asarray(cubes.sum(axis=1) / size)


def _steps(shift: Floats) -> str:
    """Returns what is wrong with the steps of an axis, if anything."""
    steps = np.diff(shift)
    if (step := float(np.median(steps))) > _WIDE_STEP_CM1:
        return f"points {step:.1f} cm⁻¹ apart: narrow bands are lost"
    if (gap := float(steps.max())) > GAP_CM1:
        start = shift[int(steps.argmax())]
        return f"nothing measured from {start:.0f} to {start + gap:.0f}"
    return ""


def signal_to_noise(shift: Floats, y: Floats, noise: Floats) -> Floats:
    """Returns the heights of the strongest bands over their surroundings, in units of noise.

    The surroundings are the morphological opening, which follows a slope and a broad background.

    Args:
        shift: [n], cm⁻¹.
        y: [k, n].
        noise: [k].
    """
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    smooth = (y[:, :-2] + y[:, 1:-1] + y[:, 2:]) / 3
    width = max(round(_WIDEST_BAND_CM1 / float(np.median(np.diff(shift)))), 3)
    lowest = minimum_filter1d(smooth, width, axis=1, mode="nearest")
    beside = maximum_filter1d(lowest, width, axis=1, mode="nearest")
    return np.asarray((smooth - beside).max(axis=1) / np.maximum(noise, 1e-12))


def _noise(y: Floats) -> Floats:
    """Returns the standard deviations of the noise, from third differences, [k]."""
    return 1.4826 * np.median(np.abs(np.diff(y, 3)), axis=1) / np.sqrt(20)


def _plateau(y: Floats) -> int:
    """Returns the points of the longest run at the maximum if no rounding explains it, else 0."""
    top = np.flatnonzero(y >= 1 - 1e-9)
    if top.size < _PLATEAU_POINTS:
        return 0
    runs = np.split(top, np.flatnonzero(np.diff(top) > 1) + 1)
    run = max(runs, key=len)
    beside = [part for part in (y[max(run[0] - 3, 0) : run[0]], y[run[-1] + 1 :][:3]) if part.size]
    steps = np.abs(np.diff(y))
    smallest = steps[steps > 1e-9].min()
    steep = all(1 - part.mean() >= _PLATEAU_EDGE * smallest for part in beside)
    many = top.size >= _MANY_POINTS and smallest < _FINE
    return len(run) if len(run) >= _PLATEAU_POINTS and (steep or many) else 0


def _spikes(shift: Floats, y: Floats, noise: Floats) -> list[list[float]]:
    """Returns where one or two points of each spectrum stand out of what is beside them, cm⁻¹.

    Of a band, the points beside its maximum are part of it.
    """
    found: list[list[float]] = [[] for _ in y]
    if np.median(np.diff(shift)) > WIDEST_STEP_CM1 or shift.size < 8:
        return found
    least = np.maximum(_SPIKE_HEIGHT, _SPIKE_NOISE * noise)
    for width in (1, 2):
        inner = np.lib.stride_tricks.sliding_window_view(y, width + 6, axis=1)
        top = inner[..., 3 : 3 + width].min(axis=-1)
        lowest = np.minimum(inner[..., :3].min(axis=-1), inner[..., -3:].min(axis=-1))
        rows, at = np.nonzero(top - lowest > least[:, None])
        outer = np.concatenate([inner[rows, at, :3], inner[rows, at, -3:]], axis=1)
        level = np.median(outer, axis=1)
        rise = top[rows, at] - level
        beside = np.abs(outer - level[:, None]).max(axis=1)
        sharp = (rise > least[rows]) & (beside < _SPIKE_BESIDE * rise)
        for row, place in zip(rows[sharp], at[sharp], strict=True):
            found[row].append(float(shift[place + 3]))
    return [sorted(places) for places in found]
