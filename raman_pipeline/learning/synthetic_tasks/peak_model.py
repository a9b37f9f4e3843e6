"""Peak models: for each class the peaks that its spectra have, learned from examples.

What belongs here: learning and classifying. What does not: finding peaks (see `peak_lists`),
mixtures (see `mixture_search`).

A class begins as the mean of those of its lists that have as many peaks as the fullest (of which
there must be two, where there are many lists), then the lists are aligned with it and positions,
heights and the chance of missing a peak are taken again, a few times. How far positions and
heights scatter is one number each for all classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.synthetic_tasks.alignment import align, costs, matched
from raman_pipeline.learning.synthetic_tasks.peak_lists import MOST, PeakLists

ROUNDS = 4
_FIRST_DEVIATIONS = np.array([30.0, 0.03])
_SUPPORT = 0.04
"""Share of a class's lists that must have as many peaks as the class begins with."""


@dataclass(frozen=True)
class PeakModel:
    """What was learned of classes.

    Attributes:
        classes: int64 [c], labels.
        positions: float64 [c, MOST], points; ascending, padded.
        heights: float64 [c, MOST].
        misses: float64 [c, MOST], negative logarithm of the chance of not seeing a peak.
        counts: int64 [c].
        deviations: float64 [2], of positions (points) and of heights.
    """

    classes: npt.NDArray[np.int64]
    positions: npt.NDArray[np.float64]
    heights: npt.NDArray[np.float64]
    misses: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    deviations: npt.NDArray[np.float64]

    def costs(self, lists: PeakLists) -> npt.NDArray[np.float64]:
        """Returns the cost of each list under each class, float64 [n, c]; less is likelier."""
        out = np.empty((len(lists), len(self.classes)))
        costs(
            self.positions,
            self.heights,
            self.misses,
            self.counts,
            lists.positions,
            lists.heights,
            lists.counts,
            self.deviations,
            out,
        )
        return out

    def predict(self, lists: PeakLists) -> npt.NDArray[np.int64]:
        """Returns the label of least cost for each list."""
        return self.classes[self.costs(lists).argmin(axis=1)]


def fit_peak_model(lists: PeakLists, label: npt.NDArray[np.int64]) -> PeakModel:
    """Learns a model of every class from lists with labels."""
    classes = np.unique(label)
    own = [lists.subset(label == c) for c in classes]
    model = _begun(classes, own)
    for _ in range(ROUNDS):
        model = _again(model, own)
    return model


def _begun(classes: npt.NDArray[np.int64], own: list[PeakLists]) -> PeakModel:
    shape = (len(classes), MOST)
    positions, heights, misses = np.zeros(shape), np.zeros(shape), np.full(shape, 6.0)
    counts = np.zeros(len(classes), dtype=np.int64)
    for c, lists in enumerate(own):
        sizes, found = np.unique(lists.counts, return_counts=True)
        counts[c] = n = sizes[found > max(1.0, _SUPPORT * len(lists)) - 1e-9].max(
            initial=sizes[found.argmax()]
        )
        chosen = lists.counts == n
        positions[c, :n] = lists.positions[chosen, :n].mean(axis=0)
        heights[c, :n] = lists.heights[chosen, :n].mean(axis=0)
    return PeakModel(classes, positions, heights, misses, counts, _FIRST_DEVIATIONS)


def _again(model: PeakModel, own: list[PeakLists]) -> PeakModel:
    positions, heights = model.positions.copy(), model.heights.copy()
    misses = model.misses.copy()
    squares, total = np.zeros(2), 0
    for c, lists in enumerate(own):
        n = model.counts[c]
        pairs = _pairs(model, c, lists)
        for i in range(n):
            seen = pairs[:, i] >= 0
            rows = np.flatnonzero(seen)
            missed = int((pairs[:, i] == -1).sum())
            misses[c, i] = -np.log((missed + 0.02) / (len(lists) + 1))
            if rows.size == 0:
                continue
            at = lists.positions[rows, pairs[rows, i]]
            height = lists.heights[rows, pairs[rows, i]]
            # Both scatter uniformly: the middle of the range is nearer than the mean.
            positions[c, i] = (at.min() + at.max()) / 2
            heights[c, i] = (height.min() + height.max()) / 2
            freedom = rows.size / max(rows.size - 1, 1)
            squares[0] += ((at - at.mean()) ** 2).sum() * freedom
            squares[1] += ((height - height.mean()) ** 2).sum() * freedom
            total += rows.size
        order = np.argsort(positions[c, :n], kind="stable")
        for values in (positions, heights, misses):
            values[c, :n] = values[c, order]
    deviations = np.sqrt(squares / max(total, 1))
    return PeakModel(model.classes, positions, heights, misses, model.counts, deviations)


def _pairs(model: PeakModel, c: int, lists: PeakLists) -> npt.NDArray[np.int64]:
    n = int(model.counts[c])
    best, step = np.empty((MOST + 1, MOST + 1)), np.empty((MOST + 1, MOST + 1), dtype=np.int8)
    pairs = np.zeros((len(lists), n), dtype=np.int64)
    for row in range(len(lists)):
        m = int(lists.counts[row])
        observed, heights = lists.positions[row], lists.heights[row]
        align(
            model.positions[c],
            model.heights[c],
            model.misses[c],
            n,
            observed,
            heights,
            m,
            model.deviations,
            best,
            step,
        )
        matched(n, m, step, pairs[row])
    return pairs
