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
    return float(np.quantile(np.abs(residual), _QUIET)) / _QUIET_DEVIATIONS


def find_peaks(
    intensity: npt.NDArray[np.floating[Any]],
    valid: Mask,
    grid: Floats,
    least: float = _LEAST,
    noises: float = _NOISE,
) -> Peaks:
    """Returns the peaks of a spectrum that stand out of its noise.

    Args:
        intensity: without its baseline, [m], 0 to 1.
        valid: bool [m], the points that are searched.
        grid: float64 [m], equidistant, cm⁻¹.
        least: smallest prominence.
        noises: the same in standard deviations of the noise.
    """
    values = np.where(valid, np.asarray(intensity, dtype=np.float64), 0.0)
    least = max(least, noises * noise_level(values, valid))
    inner = valid[:-2] & valid[1:-1] & valid[2:]
    # Of a plateau the last point counts.
    tops = np.flatnonzero(
        inner & (values[1:-1] >= values[:-2]) & (values[1:-1] > values[2:]) & (values[1:-1] > least)
    )
    found = [peak for top in tops + 1 if (peak := _measured(values, int(top)))[3] >= least]
    at, width, height, prominence = np.array(found).reshape(-1, 4).T
    step = float(grid[1] - grid[0])
    return Peaks(grid[0] + step * at, step * width, height, prominence)


def _measured(values: Floats, top: int) -> tuple[float, float, float, float]:
    """Returns position, width, height and prominence of a local maximum, in grid points."""
    height = values[top]
    higher = np.flatnonzero(values > height)
    side = np.searchsorted(higher, top)
    left = int(higher[side - 1]) + 1 if side else 0
    right = int(higher[side]) if side < higher.size else values.size
    prominence = height - max(values[left : top + 1].min(), values[top:right].min())
    half = height - prominence / 2
    under = np.flatnonzero(values[left : top + 1] < half)
    start = float(left)
    if under.size:
        i = left + int(under[-1])
        start = i + (half - values[i]) / (values[i + 1] - values[i])
    under = np.flatnonzero(values[top:right] < half)
    end = float(right - 1)
    if under.size:
        i = top + int(under[0])
        end = i - (half - values[i]) / (values[i - 1] - values[i])
    before, after = values[top - 1], values[top + 1]
    bend = before - 2 * height + after
    return top + (before - after) / (2 * bend), end - start, height, prominence


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
    found = [
        (find_peaks(y, both, grid, _LEAST_FOUND, _NOISE_FOUND),
         max(_LEAST, _NOISE * noise_level(np.where(both, y, 0), both)))
        for y in (query, reference)
    ]  # fmt: skip
    (mine, least), (theirs, least_there) = found
    strong, strong_there = mine.prominence >= least, theirs.prominence >= least_there
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


def _of(peaks: Peaks, i: int) -> tuple[float, float, float]:
    return float(peaks.position[i]), float(peaks.width[i]), float(peaks.height[i])


def _rounded(name: str, value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 3 if name.endswith("height") else 1)
