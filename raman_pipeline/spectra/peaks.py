"""Peaks of spectra: their positions, and copies of spectra with other peak heights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PROMINENCE = 0.05
"""Smallest prominence of a peak, relative to the highest intensity."""


def find_peaks(
    intensity: npt.NDArray[np.floating], prominence: float = PROMINENCE
) -> tuple[Floats, Floats]:
    """Returns positions and full widths at half height of the peaks, in grid points.

    Positions lie between grid points: the top of the parabola through the highest point
    and its neighbours.

    Args:
        intensity: [m], 0 to 1.
        prominence: smallest height above the higher of the two adjacent valleys.
    """
    from scipy import signal

    values = np.asarray(intensity, dtype=np.float64)
    at, _ = signal.find_peaks(values, prominence=prominence)
    width = signal.peak_widths(values, at, rel_height=0.5)[0] if len(at) else np.zeros(0)
    left, top, right = values[at - 1], values[at], values[at + 1]
    bend = left - 2 * top + right
    safe = np.where(bend < 0, bend, -1.0)
    return at + np.where(bend < 0, (left - right) / (2 * safe), 0.0), width


def local_maxima(intensity: npt.NDArray[np.floating], least: float) -> tuple[Floats, Floats]:
    """Returns positions and heights of all local maxima above a height, in grid points.

    A plateau counts once, at its middle.

    Args:
        intensity: [m].
        least: height that a maximum must exceed.
    """
    from scipy import signal

    found = signal.find_peaks(intensity, height=least, plateau_size=1)[1]
    high = found["peak_heights"] > least
    middle = (found["left_edges"] + found["right_edges"]) / 2
    return middle[high], found["peak_heights"][high]


def modulated(
    intensity: npt.NDArray[np.floating],
    rng: np.random.Generator,
    amplitude: float = 0.1,
    noise: float = 0.02,
    prominence: float = PROMINENCE,
) -> npt.NDArray[np.float32]:
    """Returns a copy whose peaks have other heights, with Gaussian noise, float32 [m].

    Sparavigna (2025): the height of each main peak varies by a random factor, then a
    little noise is added. A peak's factor holds at its top and fades as a Gaussian of the
    peak's own width.

    Args:
        intensity: [m], 0 to 1.
        rng: random generator of factors and noise.
        amplitude: factors are uniform in 1 ± amplitude.
        noise: standard deviation.
        prominence: smallest prominence of a peak.
    """
    values = np.asarray(intensity, dtype=np.float64)
    at, width = find_peaks(values, prominence)
    gain = np.ones(values.size)
    if len(at):
        sigma = np.maximum(width, 1.0) / 2.355
        windows = np.exp(-0.5 * ((np.arange(values.size) - at[:, None]) / sigma[:, None]) ** 2)
        # Where peaks overlap, their factors are averaged.
        windows /= np.maximum(windows.sum(axis=0), 1.0)
        gain += rng.uniform(-amplitude, amplitude, len(at)) @ windows
    return (values * gain + noise * rng.standard_normal(values.size)).astype(np.float32)
