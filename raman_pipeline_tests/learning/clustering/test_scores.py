import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.learning.clustering.scores import purity, scores

NAMES = np.array(["a"] * 6 + ["b"] * 4)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=30), st.integers(0, 99))
def test_scores_do_not_depend_on_cluster_labels(minerals, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, len(minerals))
    points = rng.normal(size=(len(minerals), 2))
    other = scores(minerals, np.array([7, -1, 3])[labels], points)
    assert scores(minerals, labels, points) == pytest.approx(other, nan_ok=True)


def test_scores_of_a_perfect_and_of_a_single_cluster():
    points = np.arange(10.0)[:, None]
    right = scores(NAMES, np.array([1] * 6 + [0] * 4), points)
    assert (right["purity"], right["ari"], right["nmi"]) == pytest.approx((1, 1, 1))
    one = scores(NAMES, np.zeros(10, int), points)
    assert (one["purity"], one["ari"]) == pytest.approx((0.6, 0))
    assert np.isnan(one["silhouette"])
    assert purity(NAMES, np.arange(10)) == 1
