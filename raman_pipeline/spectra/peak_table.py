"""Peaks of a spectrum beside those of a reference: matched, shifted, missing, unexplained.

What belongs here: finding peaks on a grid of 1 cm⁻¹, pairing them, the table as plain data. What
does not: which reference is chosen (see `learning.identification.references`).

Peaks are found without scipy.signal, whose import takes a third of the time of one `identify`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
State = Literal["matched", "shifted", "missing", "unexplained"]

SAME_CM1 = 2.0
"""Distance up to which two peaks are matched."""
REACH_CM1 = 8.0
"""Distance up to which they are one peak, shifted."""
_LEAST, _LEAST_FOUND = 0.05, 0.015
"""Smallest prominence of a peak that is listed, and of one that suffices as its counterpart."""
_NOISE, _NOISE_FOUND = 6.0, 3.0
"""The same in units of the noise."""
_SMOOTHING_CM1 = 8.0
_QUIET, _QUIET_DEVIATIONS = 0.3, 0.3853
"""Share of the points that no band reaches, and its quantile of a normal deviation's size."""


class Peaks(NamedTuple):
    """Peaks by ascending position; float64 [n] each.

    Attributes:
        position: cm⁻¹, between the points of the grid.
        width: at half of the prominence, cm⁻¹.
        height: of the spectrum there, 0 to 1.
        prominence: height above the higher of the two adjacent valleys.
    """

    position: Floats
    width: Floats
    height: Floats
    prominence: Floats


@dataclass(frozen=True)
class PeakRow:
    """A peak of the query, of the reference, or of both.

    Attributes:
        state: what it is.
        query_cm1, query_width_cm1, query_height: None if it is missing.
        reference_cm1, reference_width_cm1, reference_height: None if it is unexplained.
    """

    state: State
    query_cm1: float | None = None
    query_width_cm1: float | None = None
    query_height: float | None = None
    reference_cm1: float | None = None
    reference_width_cm1: float | None = None
    reference_height: float | None = None

    @property
    def shift_cm1(self) -> float | None:
        """Position in the query less that in the reference."""
        if self.query_cm1 is None or self.reference_cm1 is None:
            return None
        return self.query_cm1 - self.reference_cm1


@dataclass(frozen=True)
class PeakTable:
    """The peaks of two spectra, by ascending position."""

    rows: tuple[PeakRow, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of peaks in each state."""
        found = Counter(row.state for row in self.rows)
        return {state: found[state] for state in ("matched", "shifted", "missing", "unexplained")}

    @property
    def median_shift_cm1(self) -> float | None:
        """Median shift of the peaks that both have; None if there are none."""
        shifts = [row.shift_cm1 for row in self.rows if row.shift_cm1 is not None]
        return float(np.median(shifts)) if shifts else None

    def as_json(self) -> dict[str, Any]:
        """Returns plain data, positions and widths to 0.1 cm⁻¹."""
        rows = []
        for row in self.rows:
            values = asdict(row) | {"shift_cm1": row.shift_cm1}
            rows.append({k: _rounded(k, v) for k, v in values.items()})
        return {
            "counts": self.counts,
            "median_shift_cm1": _rounded("cm1", self.median_shift_cm1),
            "peaks": rows,
        }


def noise_level(intensity: npt.NDArray[np.floating[Any]], valid: Mask) -> float:
    """Returns the standard deviation of the noise of a spectrum, robust to peaks.

    Args:
        intensity: [m], on a grid of 1 cm⁻¹.
        valid: bool [m].
    """
    from scipy.ndimage import gaussian_filter1d

    values = np.asarray(intensity, dtype=np.float64)
    residual = (values - gaussian_filter1d(values, _SMOOTHING_CM1))[valid]
    if not residual.size:
        return 0.0
    at = int(_QUIET * residual.size)
    return float(np.partition(np.abs(residual), at)[at]) / _QUIET_DEVIATIONS


def find_peaks(
    intensity: npt.NDArray[np.floating[Any]], valid: Mask, grid: Floats, least: float | None = None
) -> Peaks:
    """Returns the peaks of a spectrum that stand out of its noise.

    Args:
        intensity: without its baseline, [m], 0 to 1.
        valid: bool [m], the points that are searched.
        grid: float64 [m], equidistant, cm⁻¹.
        least: smallest prominence; None: 5% and 6 times the noise.
    """
    if least is None:
        least = max(_LEAST, _NOISE * noise_level(intensity, valid))
    # Zeros at both ends, so that every point lies below a local maximum.
    values = np.zeros(valid.size + 2)
    values[1:-1] = np.where(valid, intensity, 0.0)
    middle = values[1:-1]
    # Of a plateau the last point counts.
    tops = 1 + np.flatnonzero((middle >= values[:-2]) & (middle > values[2:]))
    if not tops.size:
        return Peaks(*np.zeros((4, 0)))
    prominence = _prominences(values, tops)
    measured = np.pad(valid, 1)
    inner = measured[tops - 1] & measured[tops + 1]
    # Of noise around zero, half of the prominence lies below.
    kept = np.flatnonzero(inner & (prominence >= least) & (values[tops] >= least))
    tops, prominence = tops[kept], prominence[kept]
    before, height, after = values[tops - 1], values[tops], values[tops + 1]
    at = tops - 1 + (before - after) / (2 * (before - 2 * height + after))
    width = [
        _width(values, int(i), values[i] - p / 2) for i, p in zip(tops, prominence, strict=True)
    ]
    step = float(grid[1] - grid[0])
    return Peaks(grid[0] + step * at, step * np.array(width), height, prominence)


def _prominences(values: Floats, tops: npt.NDArray[np.int64]) -> Floats:
    """Returns the prominence of all local maxima, in time that grows as their number does."""
    heights = values[tops].tolist()
    after = np.minimum.reduceat(values[:-1], tops).tolist()
    left = _lowest_before(heights, [float(values[1 : tops[0] + 1].min()), *after[:-1]])
    right = _lowest_before(heights[::-1], after[::-1])[::-1]
    return np.array(heights) - np.maximum(left, right)


def _lowest_before(heights: list[float], valleys: list[float]) -> list[float]:
    """Returns the lowest valley between each maximum and the last higher one before it.

    Args:
        heights: of the maxima.
        valleys: the lowest point before each of them, after the previous one.
    """
    higher: list[tuple[float, float]] = []
    lowest = []
    for height, low in zip(heights, valleys, strict=True):
        while higher and higher[-1][0] <= height:
            low = min(low, higher.pop()[1])
        higher.append((height, low))
        lowest.append(low)
    return lowest


def _width(values: Floats, top: int, level: float) -> float:
    """Returns the width of a peak at a level that both of its sides fall below, grid points."""
    i = int(np.flatnonzero(values[:top] < level)[-1])
    j = top + int(np.flatnonzero(values[top:] < level)[0])
    start = i + (level - values[i]) / (values[i + 1] - values[i])
    end = j - (level - values[j]) / (values[j - 1] - values[j])
    return float(end - start)


def peak_table(
    query: npt.NDArray[np.floating[Any]],
    query_valid: Mask,
    reference: npt.NDArray[np.floating[Any]],
    reference_valid: Mask,
    grid: Floats,
) -> PeakTable:
    """Returns the peaks of a query and of a reference, paired where they are near each other.

    Peaks where one of both was not measured are left out. A peak below the smallest prominence is
    listed only if it is the counterpart of one above it: else peaks of two equal specimens near
    that limit would be missing and unexplained.

    Args:
        query: without its baseline, [m], 0 to 1.
        query_valid: bool [m].
        reference: the same of the reference.
        reference_valid: bool [m].
        grid: float64 [m], equidistant, cm⁻¹.
    """
    from scipy.optimize import linear_sum_assignment

    both = query_valid & reference_valid
    (mine, strong), (theirs, strong_there) = (
        _with_weak(np.where(both, y, 0), both, grid) for y in (query, reference)
    )
    apart = np.abs(mine.position[:, None] - theirs.position)
    # A pair of two weak peaks says nothing and must not take the counterpart of a strong one.
    gain = np.where(strong[:, None] | strong_there, np.maximum(REACH_CM1 - apart, 0), 0)
    left, right = linear_sum_assignment(gain, maximize=True)
    pairs = {int(i): int(j) for i, j in zip(left, right, strict=True) if gain[i, j] > 0}
    rows = [
        PeakRow("matched" if apart[i, j] <= SAME_CM1 else "shifted", *_of(mine, i), *_of(theirs, j))
        for i, j in pairs.items()
    ]
    rows += [
        PeakRow("unexplained", *_of(mine, int(i)))
        for i in np.flatnonzero(strong)
        if int(i) not in pairs
    ]
    rows += [
        PeakRow("missing", None, None, None, *_of(theirs, int(j)))
        for j in np.flatnonzero(strong_there)
        if int(j) not in pairs.values()
    ]
    return PeakTable(tuple(sorted(rows, key=lambda row: row.query_cm1 or row.reference_cm1 or 0.0)))


def _with_weak(intensity: Floats, valid: Mask, grid: Floats) -> tuple[Peaks, Mask]:
    """Returns the peaks that are listed or suffice as counterparts, and which are listed."""
    noise = noise_level(intensity, valid)
    peaks = find_peaks(intensity, valid, grid, max(_LEAST_FOUND, _NOISE_FOUND * noise))
    return peaks, peaks.prominence >= max(_LEAST, _NOISE * noise)


def _of(peaks: Peaks, i: int) -> tuple[float, float, float]:
    return float(peaks.position[i]), float(peaks.width[i]), float(peaks.height[i])


def _rounded(name: str, value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 3 if name.endswith("height") else 1) + 0.0  # no negative zero
