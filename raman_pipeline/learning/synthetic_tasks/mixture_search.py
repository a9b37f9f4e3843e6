"""The components of a mixture: a beam search over sets of peak models.

What belongs here: our search, which evaluates some thousand sets. What does not: the exhaustive
search and the untrained baselines (see `untrained`).

The cost of a set is that of aligning the peaks of all its classes with those of the mixture. Sets
grow by one class at a time, and the cheapest of each size are kept. Where bands of two components
coincide, the highest peak of the mixture is higher than one, and normalisation lowers all others;
so if the best set explains the mixture badly, the search is repeated with rescaled heights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.jit import compiled
from raman_pipeline.learning.synthetic_tasks.alignment import EXTRA, align
from raman_pipeline.learning.synthetic_tasks.peak_lists import MOST, PeakLists
from raman_pipeline.learning.synthetic_tasks.peak_model import PeakModel

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

BEAM = 48
CANDIDATES = 48
"""Classes that sets are built from: those whose peaks are best covered by the mixture."""
_SCALES = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.53])
_SHIFT, _LOW = 30.0, 0.05
_GOOD = 2.0
"""Cost per peak up to which an explanation is accepted."""


def components(model: PeakModel, lists: PeakLists, count: int) -> npt.NDArray[np.int64]:
    """Returns the labels of the classes in each mixture, [n, count], ascending.

    Args:
        model: of all candidate classes.
        lists: peaks of the mixtures.
        count: number of components.
    """
    found = np.empty((len(lists), count), dtype=np.int64)
    for row in range(len(lists)):
        m = int(lists.counts[row])
        _search(model.peaks, model.counts, lists.peaks[row], m, model.deviations, found[row])
    return np.sort(model.classes[found], axis=1)


@compiled()
def _search(
    peaks: Floats, counts: Indices, observed: Floats, m: int, deviations: Floats, found: Indices
) -> None:
    """Fills `found` with the indices of the classes of the cheapest set."""
    least = np.inf
    for scale in _SCALES:
        # Heights in units of the components', so that the models stay as they are.
        rescaled = observed.copy()
        rescaled[1] /= scale
        members = np.zeros_like(found)
        cost = _beam(peaks, counts, rescaled, m, deviations, members)
        if cost < least:
            least = cost
            found[:] = members
        if least < _GOOD * m:
            break


@compiled()
def _beam(
    peaks: Floats, counts: Indices, observed: Floats, m: int, deviations: Floats, found: Indices
) -> float:
    size = found.size
    best = np.empty((MOST + 1, observed.shape[1] + 1))
    step = np.empty(best.shape, dtype=np.int8)
    union = np.empty((3, MOST))
    cover = np.empty(counts.size)
    for c in range(counts.size):
        cover[c] = _cover(peaks[c], counts[c], observed, m) - counts[c]
    chosen = np.argsort(cover)[: min(CANDIDATES, counts.size)]
    alone = np.empty(chosen.size)
    for i, c in enumerate(chosen):
        alone[i] = align(peaks[c], counts[c], observed, m, deviations, best, step)
    # Sets grow in the order of the cost of single classes, so that those kept at each size
    # explain as much as possible.
    order = np.argsort(alone)
    chosen, prices = chosen[order], alone[order]
    sets = np.arange(chosen.size).reshape(-1, 1)
    for level in range(1, size):
        most = min(sets.shape[0], BEAM)
        grown = np.empty((most * chosen.size, level + 1), dtype=np.int64)
        costs = np.empty(grown.shape[0])
        total = 0
        for s in range(most):
            for rank in range(sets[s, level - 1] + 1, chosen.size):
                grown[total, :level] = sets[s]
                grown[total, level] = rank
                n = _unite(peaks, counts, chosen[grown[total]], union)
                if n < 0:
                    continue
                costs[total] = align(union, n, observed, m, deviations, best, step)
                total += 1
        if total == 0:
            return np.inf
        order = np.argsort(costs[:total])[:BEAM]
        sets, prices = grown[order], costs[order]
    found[:] = chosen[sets[0]]
    return prices[0]


@compiled()
def _cover(expected: Floats, n: int, observed: Floats, m: int) -> float:
    """Returns the cost of finding the peaks of one class among those of a mixture."""
    total = 0.0
    for i in range(n):
        position, height, least = expected[:, i]
        for j in range(m):
            shift = (observed[0, j] - position) / _SHIFT
            # Peaks of other components may lie above this one: only too low is wrong.
            low = min(0.0, observed[1, j] - height) / _LOW
            least = min(least, 0.5 * (shift * shift + low * low))
        total += min(least, EXTRA)
    return total


@compiled()
def _unite(peaks: Floats, counts: Indices, members: Indices, union: Floats) -> int:
    """Merges the ascending peaks of classes; returns their number, −1 for too many."""
    n = 0
    for c in members:
        if n + counts[c] > union.shape[1]:
            return -1
        for i in range(counts[c]):
            k = n
            while k > 0 and union[0, k - 1] > peaks[c, 0, i]:
                union[:, k] = union[:, k - 1]
                k -= 1
            union[:, k] = peaks[c, :, i]
            n += 1
    return n
