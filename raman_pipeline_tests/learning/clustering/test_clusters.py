import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from raman_pipeline.learning.clustering.clusters import (
    choose_k,
    file_lists,
    k_means,
    plane,
    turned,
)
from raman_pipeline.learning.clustering.scores import purity


def blobs(k, n=20, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(10 * i, 1, (n, 5)) for i in range(k)])


def test_blobs_are_found_and_counted():
    points = blobs(4)
    assert choose_k(points, (2, 3, 4, 5, 6, 500), 0) == 4
    labels = k_means(points, 4, 0)
    assert purity(np.repeat(np.arange(4), 20), labels) == 1
    sizes = np.bincount(k_means(blobs(2)[:25], 2, 0))
    assert sizes.tolist() == [20, 5]
    with pytest.raises(ValueError, match="none of"):
        choose_k(points[:2], (2, 3), 0)


def test_the_plane_keeps_blobs_apart_and_its_seed():
    points = blobs(3)
    found = plane(points, 0)
    assert found.shape == (60, 2)
    assert np.array_equal(found, plane(points, 0))
    assert purity(np.repeat(np.arange(3), 20), k_means(found, 3, 0)) == 1
    with pytest.raises(ValueError, match="four can"):
        plane(points[:3], 0)


@given(st.integers(2, 12), st.integers(1, 40), st.integers(0, 99))
def test_turning_keeps_distances(n, d, seed):
    points = np.random.default_rng(seed).normal(3, 1, (n, d))
    found = turned(points)
    assert found.shape[1] <= max(n, d) and (d <= n or found.shape[1] == n)
    np.testing.assert_allclose(pdist(found), pdist(points), atol=1e-9)


def test_files_of_a_cluster_are_listed_augmented_ones_apart():
    clusters = pd.DataFrame(
        {
            "file": ["b.txt", "a.txt", "augmented_0.txt", "c.txt"],
            "augmented": [False, False, True, False],
            "cluster": [0, 0, 0, 1],
        }
    )
    assert file_lists(clusters) == {
        "cluster_0.txt": "a.txt\nb.txt\n",
        "cluster_0_augmented.txt": "augmented_0.txt\n",
        "cluster_1.txt": "c.txt\n",
    }
