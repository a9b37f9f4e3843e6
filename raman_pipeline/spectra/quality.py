"""What is wrong with a spectrum itself, however it is searched for.

The limits are set so that processed spectra of RRUFF give warnings in less than 1% (see
docs/identification.md).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.spectra.spikes import WIDEST_STEP_CM1

Floats = npt.NDArray[np.floating[Any]]

_LOW_SIGNAL_TO_NOISE = 15.0
_WIDE_STEP_CM1 = 5.0
GAP_CM1 = 25.0
"""Step of the axis in which nothing was measured."""
_PLATEAU_POINTS = 4
_PLATEAU_EDGE = 2
"""Fall beside a plateau, in the smallest steps of the intensity: a rounded maximum falls less."""
_MANY_POINTS, _FINE = 10, 5e-3
"""Points at the maximum that no rounding makes of an intensity with steps as fine as this."""
_SPIKE_HEIGHT = 0.1
_SPIKE_NOISE = 12.0
_SPIKE_BESIDE = 0.15
_DOWNWARD = 4.0


class QualityWarning(NamedTuple):
    """A warning: its kind, one word for programs, and a text for people."""

    kind: str
    text: str


def quality_warnings(shift: Floats, intensity: Floats) -> list[QualityWarning]:
    """Returns warnings of saturation, spikes, noise, wide steps and bands that point down.

    Args:
        shift: Raman shift, float [n], cm⁻¹, strictly increasing.
        intensity: as measured, float [n].
    """
    found: list[QualityWarning] = []
    y = np.asarray(intensity, dtype=np.float64)
    height = float(np.ptp(y))
    if not height or not np.isfinite(height):
        return found
    y = (y - y.min()) / height
    clipped = _plateau(y)
    if clipped:
        found.append(
            QualityWarning(
                "saturated", f"{clipped} neighbouring points at the maximum: the detector was full"
            )
        )
    noise = _noise(y)
    if at := _spikes(shift, y, noise):
        places = ", ".join(f"{s:.0f}" for s in at[:5])
        found.append(
            QualityWarning("spikes", f"{len(at)} narrow spikes (cosmic rays?), at {places} cm⁻¹")
        )
    ratio = signal_to_noise(y, noise)
    if ratio < _LOW_SIGNAL_TO_NOISE:
        found.append(QualityWarning("noisy", f"the strongest band is {ratio:.1f} times the noise"))
    steps = np.diff(shift)
    if (step := float(np.median(steps))) > _WIDE_STEP_CM1:
        found.append(
            QualityWarning("wide_steps", f"points {step:.1f} cm⁻¹ apart: narrow bands are lost")
        )
    elif (gap := float(steps.max())) > GAP_CM1:
        start = shift[int(steps.argmax())]
        found.append(
            QualityWarning("wide_steps", f"nothing measured from {start:.0f} to {start + gap:.0f}")
        )
    if not clipped and _points_down(y):
        found.append(
            QualityWarning(
                "other_technique",
                "its bands point down as in transmittance: is it a Raman spectrum?",
            )
        )
    return found


def signal_to_noise(y: Floats, noise: float) -> float:
    """Returns the height of the strongest band over its surroundings, in units of noise."""
    smooth = np.convolve(y, np.ones(3) / 3, "valid")
    return float((smooth.max() - np.median(smooth)) / max(noise, 1e-12))


def _noise(y: Floats) -> float:
    """Returns the standard deviation of the noise, from third differences."""
    third = np.diff(y, 3)
    return float(1.4826 * np.median(np.abs(third)) / np.sqrt(20))


def _plateau(y: Floats) -> int:
    """Returns the points of the longest run at the maximum if no rounding explains it, else 0."""
    top = np.flatnonzero(y >= 1 - 1e-9)
    runs = np.split(top, np.flatnonzero(np.diff(top) > 1) + 1)
    run = max(runs, key=len)
    beside = [part for part in (y[max(run[0] - 3, 0) : run[0]], y[run[-1] + 1 :][:3]) if part.size]
    steps = np.abs(np.diff(y))
    smallest = steps[steps > 1e-9].min()
    steep = all(1 - part.mean() >= _PLATEAU_EDGE * smallest for part in beside)
    many = top.size >= _MANY_POINTS and smallest < _FINE
    return len(run) if len(run) >= _PLATEAU_POINTS and (steep or many) else 0


def _spikes(shift: Floats, y: Floats, noise: float) -> list[float]:
    """Returns where one or two points stand out of what is beside them, cm⁻¹.

    Of a band, the points beside its maximum are part of it.
    """
    if np.median(np.diff(shift)) > WIDEST_STEP_CM1 or y.size < 8:
        return []
    found = []
    for width in (1, 2):
        inner = np.lib.stride_tricks.sliding_window_view(y, width + 6)
        outer = np.concatenate([inner[:, :3], inner[:, -3:]], axis=1)
        level = np.median(outer, axis=1)
        rise = inner[:, 3 : 3 + width].min(axis=1) - level
        beside = np.abs(outer - level[:, None]).max(axis=1)
        sharp = (rise > max(_SPIKE_HEIGHT, _SPIKE_NOISE * noise)) & (beside < _SPIKE_BESIDE * rise)
        found += [float(s) for s in shift[3 : shift.size - width - 2][sharp]]
    return sorted(found)


def _points_down(y: Floats) -> bool:
    middle = float(np.median(y))
    return middle > _DOWNWARD * (1 - middle)
