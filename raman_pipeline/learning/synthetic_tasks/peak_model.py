"""Peak models: the peaks of each class, learned from examples.

What belongs here: fitting and classification. What does not: finding peaks (see `peak_lists`),
mixtures (see `mixture_search`).

The model of a class starts as the mean of those of its lists that have the most frequent number of
peaks. Then, for some iterations, the lists are aligned with it, and positions, heights and
probabilities of missing a peak are re-estimated; a peak that few lists have is removed, and one is
added where many lists have an unexplained peak. The standard deviations of positions and heights
are shared by all classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.synthetic_tasks.peak_lists import MOST, PeakLists

ITERATIONS = 6
_FIRST_DEVIATIONS = np.array([30.0, 0.03])
_RARE, _OFTEN = 0.1, 0.2
"""Fractions of the lists of a class below which a peak is removed, from which one is added."""
_REACH = 50.0
"""Half the range of a peak's positions, points."""


@dataclass(frozen=True)
class PeakModel:
    """Fitted models of classes.

    Attributes:
        classes: int64 [c], labels.
        peaks: positions (points, ascending), heights, and negative logarithms of the probability
            of missing the peak; padded, float64 [c, 3, MOST].
        counts: int64 [c].
        deviations: float64 [2], of positions (points) and of heights.
    """

    classes: npt.NDArray[np.int64]
    peaks: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    deviations: npt.NDArray[np.float64]

    def costs(self, lists: PeakLists) -> npt.NDArray[np.float64]:
        """Returns the cost of each list for each class, float64 [n, c]; lower is more probable."""
        from raman_pipeline.learning.synthetic_tasks.alignment import costs

        out = np.empty((len(lists), len(self.classes)))
        costs(self.peaks, self.counts, lists.peaks, lists.counts, self.deviations, out)
        return out

    def predict(self, lists: PeakLists) -> npt.NDArray[np.int64]:
        """Returns the label of the lowest cost for each list."""
        return self.classes[self.costs(lists).argmin(axis=1)]


def fit_peak_model(lists: PeakLists, label: npt.NDArray[np.int64]) -> PeakModel:
    """Fits a model of each class to labelled lists."""
    classes = np.unique(label)
    own = [lists.subset(label == c) for c in classes]
    model = _initial(classes, own)
    for _ in range(ITERATIONS):
        model = _updated(model, own)
    return model


def _initial(classes: npt.NDArray[np.int64], own: list[PeakLists]) -> PeakModel:
    peaks = _no_peaks(len(classes))
    counts = np.zeros(len(classes), dtype=np.int64)
    for c, lists in enumerate(own):
        sizes, found = np.unique(lists.counts, return_counts=True)
        counts[c] = n = sizes[found == found.max()].max()
        chosen = lists.counts == n
        peaks[c, :2, :n] = lists.peaks[chosen, :, :n].mean(axis=0)
    return PeakModel(classes, peaks, counts, _FIRST_DEVIATIONS)


def _no_peaks(classes: int) -> npt.NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(np.zeros((classes, MOST)), 0.0, 6.0), axis=1)


def _updated(model: PeakModel, own: list[PeakLists]) -> PeakModel:
    found = _no_peaks(len(own))
    counts = np.zeros_like(model.counts)
    squares, total = np.zeros(2), 0
    for c, lists in enumerate(own):
        pairs = _aligned(model, c, lists)
        peaks = []
        for i in range(model.counts[c]):
            rows = np.flatnonzero(pairs[:, i] >= 0)
            missed = int((pairs[:, i] == -1).sum())
            if rows.size <= _RARE * len(lists):
                continue
            at, height = lists.peaks[rows, :, pairs[rows, i]].T
            # Both are distributed uniformly: the midrange is a better estimate than the mean.
            middle = (at.min() + at.max()) / 2, (height.min() + height.max()) / 2
            peaks.append((*middle, _miss_cost(missed, len(lists))))
            freedom = rows.size / max(rows.size - 1, 1)
            squares[0] += ((at - at.mean()) ** 2).sum() * freedom
            squares[1] += ((height - height.mean()) ** 2).sum() * freedom
            total += rows.size
        new = _unexplained(model, c, lists, pairs)
        if new is not None and len(peaks) < MOST:
            peaks.append(new)
        counts[c] = len(peaks)
        if peaks:
            found[c, :, : len(peaks)] = np.transpose(sorted(peaks))
    deviations = np.sqrt(squares / total) if total else model.deviations
    return PeakModel(model.classes, found, counts, deviations)


def _miss_cost(missed: int, lists: int) -> float:
    """Returns the cost of missing a peak that `missed` of the lists miss."""
    return float(-np.log((missed + 0.02) / (lists + 1)))


def _unexplained(
    model: PeakModel, c: int, lists: PeakLists, pairs: npt.NDArray[np.int64]
) -> tuple[float, float, float] | None:
    """Returns the most frequent unexplained peak of a class, if many lists have it."""
    expected = model.peaks[c, 0, : model.counts[c]]
    at, height = [], []
    for row in range(len(lists)):
        n = lists.counts[row]
        left = np.setdiff1d(np.arange(n), pairs[row])
        # Peaks that were merged are explained.
        both = expected[pairs[row] == -2]
        for j in left:
            if not both.size or np.abs(lists.peaks[row, 0, j] - both).min() > _REACH:
                at.append(lists.peaks[row, 0, j])
                height.append(lists.peaks[row, 1, j])
    if len(at) < max(2.0, _OFTEN * len(lists)):
        return None
    places = np.array(at)
    near = np.abs(places[:, None] - places[None]) <= _REACH
    middle = int(near.sum(axis=1).argmax())
    chosen = near[middle]
    if chosen.sum() < max(2.0, _OFTEN * len(lists)):
        return None
    missed = max(0, len(lists) - int(chosen.sum()))
    return (
        float(np.median(places[chosen])),
        float(np.median(np.array(height)[chosen])),
        _miss_cost(missed, len(lists)),
    )


def _aligned(model: PeakModel, c: int, lists: PeakLists) -> npt.NDArray[np.int64]:
    from raman_pipeline.learning.synthetic_tasks.alignment import align, matched

    n = int(model.counts[c])
    best, step = np.empty((MOST + 1, MOST + 1)), np.empty((MOST + 1, MOST + 1), dtype=np.int8)
    pairs = np.zeros((len(lists), n), dtype=np.int64)
    for row in range(len(lists)):
        m = int(lists.counts[row])
        align(model.peaks[c], n, lists.peaks[row], m, model.deviations, best, step)
        matched(n, m, step, pairs[row])
    return pairs
