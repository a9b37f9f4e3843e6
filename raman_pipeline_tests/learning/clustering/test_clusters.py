import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist

from raman_pipeline.learning.clustering.clusters import (
    choose_k,
    file_lists,
    k_means,
    pca_rotated,
    tsne,
)
from raman_pipeline.learning.clustering.pseudo_spectra import pseudo_spectra
from raman_pipeline.learning.clustering.scores import purity, scores


def blobs(k, n=20, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(10 * i, 1, (n, 5)) for i in range(k)])


def test_k_means_finds_blobs_and_their_number():
    points = blobs(4)
    assert choose_k(points, (2, 3, 4, 5, 6, 500), 0) == 4
    labels = k_means(points, 4, 0)
    assert purity(np.repeat(np.arange(4), 20), labels) == 1
    sizes = np.bincount(k_means(blobs(2)[:25], 2, 0))
    assert sizes.tolist() == [20, 5]
    with pytest.raises(ValueError, match="cannot form any of"):
        choose_k(points[:2], (2, 3), 0)


def test_tsne_separates_blobs_and_depends_on_the_seed_alone():
    points = blobs(3)
    found = tsne(points, 0)
    assert found.shape == (60, 2)
    assert np.array_equal(found, tsne(points, 0))
    assert purity(np.repeat(np.arange(3), 20), k_means(found, 3, 0)) == 1
    with pytest.raises(ValueError, match="at least four"):
        tsne(points[:3], 0)


@pytest.mark.parametrize(("n", "d"), [(2, 1), (12, 5), (3, 40)])
def test_pca_rotation_keeps_distances(n, d):
    points = np.random.default_rng(0).normal(3, 1, (n, d))
    found = pca_rotated(points)
    assert found.shape[1] <= max(n, d) and (d <= n or found.shape[1] == n)
    np.testing.assert_allclose(pdist(found), pdist(points), atol=1e-9)


def test_scores_of_a_perfect_and_of_a_single_cluster_whatever_their_labels():
    minerals, points = np.array(list("aaaaaabbbb")), np.arange(10.0)[:, None]
    for labels in ((0, 1), (7, -1)):
        right = scores(minerals, np.where(minerals == "a", *labels), points)
        assert (right["purity"], right["ari"], right["nmi"]) == pytest.approx((1, 1, 1))
    one = scores(minerals, np.zeros(10, int), points)
    assert (one["purity"], one["ari"]) == pytest.approx((0.6, 0))
    assert np.isnan(one["silhouette"])
    assert purity(minerals, np.arange(10)) == 1


def test_files_are_listed_and_pseudo_spectra_made_per_cluster():
    clusters = pd.DataFrame(
        {
            "file": ["b.txt", "a.txt", "augmented_0.txt", "c.txt"],
            "augmented": [False, False, True, False],
            "mineral": ["Albite", "Albite", "Albite", "Andradite"],
            "cluster": [0, 0, 0, 1],
        }
    )
    assert file_lists(clusters) == {
        "cluster_0.txt": "a.txt\nb.txt\n",
        "cluster_0_augmented.txt": "augmented_0.txt\n",
        "cluster_1.txt": "c.txt\n",
    }
    spectra = np.random.default_rng(0).random((4, 8), dtype=np.float32)
    first, second = pseudo_spectra(clusters, spectra, 2 * spectra, lambda latents: latents / 2)
    assert (first.minerals, second.minerals) == ({"Albite": 2}, {"Andradite": 1})
    np.testing.assert_allclose(first.mean, spectra[:3].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(first.decoded, first.mean, rtol=1e-6)
    np.testing.assert_array_equal(second.decoded, spectra[3])
