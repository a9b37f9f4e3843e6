"""The classes: positions and heights of their peaks.

What belongs here: the 500 classes from their seed and the 27 hand-written ones. What does not:
spectra of classes (see `variation`, `rendering`).

Source: Schuetzke, Szymanski & Reischl (2023), npj Comput. Mater. 9, 100, and the class tables
of its public benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

POINTS = 5000
"""Points of a spectrum."""
MARGIN = 100
"""Smallest distance of a peak from the ends, points."""
CLASSES = 500
SEED = 2022
MAX_PEAKS = 10
_SHAPE = _SCALE = 1.2
_MAX_HEIGHT = 100


@dataclass(frozen=True)
class PeakClass:
    """A class of spectra.

    Attributes:
        positions: int64 [peaks], index of a point, ascending.
        heights: float64 [peaks], the highest is 1.
    """

    positions: npt.NDArray[np.int64]
    heights: npt.NDArray[np.float64]


def universal_classes(seed: int = SEED, count: int = CLASSES) -> list[PeakClass]:
    """Returns the classes of the benchmark; with the default seed exactly those published."""
    rng = np.random.default_rng(seed)
    classes = []
    for _ in range(count):
        peaks = round(rng.gamma(_SHAPE, _SCALE) + 2)
        # Peaks beyond MAX_PEAKS are drawn as well, and dropped.
        positions = rng.integers(MARGIN, POINTS - MARGIN, peaks)[:MAX_PEAKS]
        heights = rng.integers(1, _MAX_HEIGHT + 1, peaks)[:MAX_PEAKS]
        order = np.argsort(positions, kind="stable")
        classes.append(PeakClass(positions[order], np.round(heights / heights.max(), 3)[order]))
    return classes


_CHALLENGE: tuple[tuple[tuple[int, float], ...], ...] = (
    # Differ by weak peaks.
    ((700, 0.7), (3000, 1.0)),
    ((700, 0.7), (1800, 0.035), (3000, 1.0)),
    ((700, 0.7), (3000, 1.0), (4200, 0.035)),
    ((920, 1.0), (1115, 0.4)),
    ((923, 1.0), (1112, 0.4), (1500, 0.035)),
    ((918, 1.0), (1116, 0.4), (1630, 0.035)),
    ((500, 0.9), (2100, 1.0)),
    ((500, 0.9), (2100, 1.0), (2260, 0.035)),
    ((500, 0.9), (2100, 1.0), (2260, 0.035), (2750, 0.035)),
    # Differ by positions.
    ((700, 1.0), (3000, 0.7)),
    ((700, 1.0), (3070, 0.7)),
    ((700, 1.0), (3140, 0.7)),
    ((1230, 0.15), (2103, 1.0)),
    ((1300, 0.15), (2101, 1.0)),
    ((1370, 0.15), (2098, 1.0)),
    ((1230, 0.15), (1750, 0.2), (4700, 1.0)),
    ((1300, 0.15), (1820, 0.2), (4700, 1.0)),
    ((1370, 0.15), (1890, 0.2), (4700, 1.0)),
    # Differ by heights.
    ((920, 0.08), (1500, 1.0)),
    ((920, 0.155), (1500, 1.0)),
    ((920, 0.23), (1500, 1.0)),
    ((1147, 1.0), (2261, 0.2)),
    ((1151, 1.0), (2258, 0.275)),
    ((1153, 1.0), (2262, 0.35)),
    ((302, 0.08), (2750, 1.0), (4198, 0.22)),
    ((300, 0.155), (2750, 1.0), (4200, 0.21)),
    ((299, 0.23), (2750, 1.0), (4202, 0.23)),
)
CHALLENGE_GROUPS = ("weak peaks", "positions", "heights")
"""Differences between the classes of the challenge, nine classes each, in order."""


def challenge_classes() -> list[PeakClass]:
    """Returns the 27 hand-written classes of the challenge."""
    return [
        PeakClass(np.array([p for p, _ in peaks]), np.array([h for _, h in peaks]))
        for peaks in _CHALLENGE
    ]
