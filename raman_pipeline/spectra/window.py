"""The wavenumber window: the range of the common grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """A range of Raman shifts, cm⁻¹, both ends included."""

    start: float
    stop: float

    def grid(self, points: int) -> Floats:
        """Returns `points` equally spaced Raman shifts, cm⁻¹, float64 [points].

        Raises:
            ValueError: fewer than two points.
        """
        if points < 2:
            raise ValueError(f"a grid needs at least 2 points, not {points}")
        return np.linspace(self.start, self.stop, points)


def find_window(starts: npt.ArrayLike, stops: npt.ArrayLike) -> Window:
    """Returns the smallest window that contains all spectra.

    As in Pappone (2024), appendix A.4; the ends are rounded outwards to whole cm⁻¹.

    Args:
        starts: first Raman shift of each spectrum, cm⁻¹ [n].
        stops: last Raman shift of each spectrum, cm⁻¹ [n].

    Raises:
        ValueError: there is no spectrum.
    """
    starts, stops = np.asarray(starts, dtype=np.float64), np.asarray(stops, dtype=np.float64)
    if starts.size == 0:
        raise ValueError("no spectra, so no window: check that an archive was published")
    return Window(float(math.floor(starts.min())), float(math.ceil(stops.max())))


def coverage(starts: npt.ArrayLike, stops: npt.ArrayLike, grid: Floats) -> Floats:
    """Returns the fraction of spectra that cover each point of a grid, float64 [len(grid)]."""
    starts = np.sort(np.asarray(starts, dtype=np.float64))
    stops = np.sort(np.asarray(stops, dtype=np.float64))
    begun = np.searchsorted(starts, grid, side="right")
    ended = np.searchsorted(stops, grid, side="left")
    return (begun - ended) / max(starts.size, 1)
