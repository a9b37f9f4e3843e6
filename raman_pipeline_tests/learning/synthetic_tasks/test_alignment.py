import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.learning.synthetic_tasks.alignment import EXTRA, align, matched
from raman_pipeline.learning.synthetic_tasks.peak_lists import MOST


def aligned(expected, observed, miss=6.0):
    p, q = (np.array(sorted(x), dtype=float).reshape(-1, 2).T for x in (expected, observed))
    best = np.empty((MOST + 1, MOST + 1))
    step = np.empty(best.shape, dtype=np.int8)
    n, m = p.shape[1], q.shape[1]
    peaks = np.vstack([p, np.full(n, miss)])
    cost = align(peaks, n, np.ascontiguousarray(q), m, np.array([30.0, 0.03]), best, step)
    pairs = np.zeros(n, dtype=np.int64)
    matched(n, m, step, pairs)
    return cost, pairs.tolist()


def test_costs_and_pairs_of_small_lists():
    two = [(100, 1.0), (500, 0.5)]
    assert aligned(two, two) == (0.0, [0, 1])
    assert aligned(two, [(130, 1.0), (500, 0.5)])[0] == pytest.approx(0.5)
    assert aligned(two, [(100, 1.0)]) == (6.0, [0, -1])
    assert aligned(two, [*two, (900, 0.1)])[0] == pytest.approx(EXTRA)
    # Swapped and merged neighbours.
    cost, pairs = aligned([(100, 1.0), (140, 0.5)], [(110, 0.5), (130, 1.0)])
    assert pairs == [1, 0]
    assert cost < 4
    cost, pairs = aligned([(100, 1.0), (120, 0.5)], [(110, 1.2)])
    assert pairs == [-2, -2]
    assert cost < 4


PEAKS = st.lists(
    st.tuples(st.integers(0, 4999), st.floats(0.01, 1.0)), min_size=1, max_size=8,
    unique_by=lambda p: p[0],
)  # fmt: skip


@given(PEAKS, PEAKS)
def test_each_observed_peak_is_used_once_and_the_cost_is_bounded(expected, observed):
    cost, pairs = aligned(expected, observed)
    assert 0 <= cost <= 6.0 * len(expected) + EXTRA * len(observed) + 1e-9
    used = [p for p in pairs if p >= 0]
    assert len(used) == len(set(used))
    assert aligned(expected, expected)[0] == 0
