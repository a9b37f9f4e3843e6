"""Variation of the spectra of a class: shifts, heights and widths of their peaks.

What belongs here: the peaks of each training, validation and test spectrum. What does not: the
spectra (see `rendering`), noise (see `distortion`).

In training and validation each peak varies at random; in a test spectrum all peaks are shifted and
scaled alike (Schuetzke et al. 2023). The order of the draws is ours: for each spectrum shifts,
heights and the width, first all of training, then all of validation, class by class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from raman_pipeline.universal_synthetic.classes import PeakClass

SetName = Literal["universal", "challenge"]
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

SHIFT = 50
"""Largest shift in training, points (from −50 to +49)."""
HEIGHT = 0.05
"""Largest change of a height in training."""
SIGMAS = (2.0, 5.0)
"""Range of widths in training, points."""
TEST_SIGMA = 2.0
_TOP = 2.0
SPECTRA_PER_CLASS: dict[Part, int] = {"train": 50, "validation": 10}

_SHORT_SHIFT = {8: 17, 318: 17}
_SMALL_HEIGHT = dict.fromkeys((164, 281, 219, 347), 0.025)


@dataclass(frozen=True)
class Peaks:
    """The peaks of spectra, concatenated.

    Attributes:
        positions: int64 [peaks].
        heights: float64 [peaks].
        offsets: int64 [n + 1], start of the peaks of each spectrum.
        sigmas: float64 [n], width of a spectrum's peaks, points.
        label: int64 [n], index of the class.
    """

    positions: npt.NDArray[np.int64]
    heights: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]
    sigmas: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)


Drawn = tuple[int, npt.NDArray[np.int64], npt.NDArray[np.float64], float]


def random_peaks(classes: Sequence[PeakClass], name: SetName, seed: int) -> dict[Part, Peaks]:
    """Returns the peaks of training and validation.

    Args:
        classes: of the set.
        name: in `challenge` the heights of the highest peaks do not vary.
        seed: of the random generator.
    """
    rng = np.random.default_rng(seed)

    def drawn(label: int, chosen: PeakClass) -> Drawn:
        shift = rng.integers(-SHIFT, SHIFT, chosen.positions.size)
        change = rng.uniform(-HEIGHT, HEIGHT, chosen.positions.size)
        if name == "challenge":
            change[chosen.heights == 1.0] = 0.0
        heights = np.clip(chosen.heights + change, 0.0, _TOP)
        return label, chosen.positions + shift, heights, rng.uniform(*SIGMAS)

    return {
        part: _joined([drawn(i, c) for i, c in enumerate(classes) for _ in range(count)])
        for part, count in SPECTRA_PER_CLASS.items()
    }


def test_peaks(classes: Sequence[PeakClass], name: SetName) -> Peaks:
    """Returns the peaks of the test spectra, nine per class, or six in the challenge."""
    rows = []
    for label, chosen in enumerate(classes):
        shifts: tuple[int, ...] = (0, -1, 1)
        height = 0.04
        distance = 30
        if name == "challenge":
            shifts, height = (-1, 1), 0.03
        else:
            distance = _SHORT_SHIFT.get(label, distance)
            height = _SMALL_HEIGHT.get(label, height)
        for sign, change in product(shifts, (0.0, height, -height)):
            moved = np.where(chosen.heights == 1.0, 0.0, change)
            heights = np.clip(chosen.heights + moved, 0.0, _TOP)
            rows.append((label, chosen.positions + sign * distance, heights, TEST_SIGMA))
    return _joined(rows)


def _joined(rows: Sequence[Drawn]) -> Peaks:
    label, positions, heights, sigmas = zip(*rows, strict=True)
    offsets = np.concatenate([[0], np.cumsum([p.size for p in positions])])
    return Peaks(
        np.concatenate(positions),
        np.concatenate(heights),
        offsets.astype(np.int64),
        np.array(sigmas),
        np.array(label, dtype=np.int64),
    )
