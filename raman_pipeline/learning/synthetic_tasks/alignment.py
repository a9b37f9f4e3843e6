"""Alignment of a list of observed peaks with the peaks of a class, by dynamic programming.

What belongs here: the compiled recursion. What does not: the models of classes (see `peak_model`).

Both lists are ascending. An expected peak is matched, missed, or merged with its neighbour into one
observed peak; two neighbours may be swapped; an observed peak without an explanation is extra.
Costs are negative logarithms of Gaussian densities of position and height, relative to the density
of a peak anywhere, so that they are additive, and comparable between classes with few and with many
peaks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.jit import compiled

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

EXTRA = 12.0
"""Cost of an observed peak without an explanation, relative to a matched one."""
_SWAP = 1.0
_MERGE = 2.5
_REACH = 4.5
"""Largest shift of a matched peak, in standard deviations of positions."""


@compiled()
def align(
    expected: Floats,
    n: int,
    observed: Floats,
    m: int,
    deviations: Floats,
    best: Floats,
    step: npt.NDArray[np.int8],
) -> float:
    """Returns the cost of the best alignment; fills `best` and `step`, [n + 1, m + 1].

    Args:
        expected: positions, heights and costs of missing the peaks of a class, [3, peaks].
        n: number of expected peaks; the first `n` are used.
        observed: positions and heights of peaks, [2, peaks].
        m: number of observed peaks; the first `m` are used.
        deviations: standard deviations of positions and of heights.
        best: buffer for costs.
        step: buffer for the operations: 1 match, 2 miss, 3 extra, 4 merge, 5 swap.
    """
    position, height, miss = expected
    seen_position, seen_height = observed
    best[0, 0] = 0.0
    for j in range(1, m + 1):
        best[0, j] = best[0, j - 1] + EXTRA
        step[0, j] = 3
    for i in range(1, n + 1):
        best[i, 0] = best[i - 1, 0] + miss[i - 1]
        step[i, 0] = 2
        for j in range(1, m + 1):
            least, choice = best[i - 1, j] + miss[i - 1], 2
            cost = best[i, j - 1] + EXTRA
            if cost < least:
                least, choice = cost, 3
            shift = (seen_position[j - 1] - position[i - 1]) / deviations[0]
            if abs(shift) < _REACH:
                cost = best[i - 1, j - 1] + _match(
                    shift, seen_height[j - 1] - height[i - 1], deviations[1]
                )
                if cost < least:
                    least, choice = cost, 1
                if i > 1:
                    before = (seen_position[j - 1] - position[i - 2]) / deviations[0]
                    if abs(before) < _REACH:
                        first, second = height[i - 2], height[i - 1]
                        low, high = max(first, second), first + second
                        seen = seen_height[j - 1]
                        off = min(0.0, seen - low) + max(0.0, seen - high)
                        cost = best[i - 2, j - 1] + _MERGE + _match(shift, off, deviations[1])
                        cost += 0.5 * before * before
                        if cost < least:
                            least, choice = cost, 4
                        if j > 1:
                            other = (seen_position[j - 2] - position[i - 1]) / deviations[0]
                            if abs(other) < _REACH:
                                cost = best[i - 2, j - 2] + _SWAP
                                cost += _match(before, seen - first, deviations[1])
                                cost += _match(other, seen_height[j - 2] - second, deviations[1])
                                if cost < least:
                                    least, choice = cost, 5
            best[i, j], step[i, j] = least, choice
    return best[n, m]


@compiled(inline="always")
def _match(shift: float, change: float, deviation: float) -> float:
    return 0.5 * (shift * shift + (change / deviation) ** 2)


@compiled()
def costs(
    expected: Floats,
    counts: Indices,
    observed: Floats,
    observed_counts: Indices,
    deviations: Floats,
    out: Floats,
) -> None:
    """Fills `out` [lists, classes] with the cost of each list for each class."""
    shape = expected.shape[2] + 1, observed.shape[2] + 1
    best, step = np.empty(shape), np.empty(shape, dtype=np.int8)
    for q in range(observed.shape[0]):
        for c in range(expected.shape[0]):
            out[q, c] = align(
                expected[c], counts[c], observed[q], observed_counts[q], deviations, best, step
            )


@compiled()
def matched(n: int, m: int, step: npt.NDArray[np.int8], pairs: npt.NDArray[np.int64]) -> None:
    """Fills `pairs` [n] with the observed peak of each expected one; −1 missed, −2 merged."""
    i, j = n, m
    while i > 0 or j > 0:
        choice = step[i, j]
        if choice == 1:
            pairs[i - 1] = j - 1
            i, j = i - 1, j - 1
        elif choice == 2:
            pairs[i - 1] = -1
            i -= 1
        elif choice == 3:
            j -= 1
        elif choice == 4:
            pairs[i - 1] = pairs[i - 2] = -2
            i, j = i - 2, j - 1
        else:
            pairs[i - 2], pairs[i - 1] = j - 1, j - 2
            i, j = i - 2, j - 2
