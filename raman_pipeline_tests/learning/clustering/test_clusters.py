import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from raman_pipeline.learning.clustering.benchmark import (
    RUNS,
    WITH_NAMES,
    Representations,
    run_task,
    slopes,
)
from raman_pipeline.learning.clustering.clusters import (
    choose_k,
    file_lists,
    k_means,
    plane,
    turned,
)
from raman_pipeline.learning.clustering.pseudo_spectra import pseudo_spectra
from raman_pipeline.learning.clustering.report import summary, verdicts
from raman_pipeline.learning.clustering.scores import purity, scores
from raman_pipeline.learning.denoising.autoencoder import Autoencoder, fit_autoencoder
from raman_pipeline_tests.learning.denoising.conftest import TINY, make

NAMES = np.array(["a"] * 6 + ["b"] * 4)


def blobs(k, n=20, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(10 * i, 1, (n, 5)) for i in range(k)])


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=30), st.integers(0, 99))
def test_scores_do_not_depend_on_how_clusters_are_called(minerals, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, len(minerals))
    points = rng.normal(size=(len(minerals), 2))
    other = scores(minerals, np.array([7, -1, 3])[labels], points)
    assert scores(minerals, labels, points) == pytest.approx(other, nan_ok=True)


def test_scores_of_the_right_and_of_no_clustering():
    points = np.arange(10.0)[:, None]
    right = scores(NAMES, np.array([1] * 6 + [0] * 4), points)
    assert (right["purity"], right["ari"], right["nmi"]) == pytest.approx((1, 1, 1))
    one = scores(NAMES, np.zeros(10, int), points)
    assert (one["purity"], one["ari"]) == pytest.approx((0.6, 0))
    assert np.isnan(one["silhouette"])
    assert purity(NAMES, np.arange(10)) == 1


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


def table():
    return pd.DataFrame(
        {
            "file": ["b.txt", "a.txt", "augmented_0.txt", "c.txt"],
            "augmented": [False, False, True, False],
            "mineral": ["Albite", "Albite", "Albite", "Andradite"],
            "cluster": [0, 0, 0, 1],
        }
    )


def test_files_of_a_cluster_are_listed_augmented_ones_apart():
    assert file_lists(table()) == {
        "cluster_0.txt": "a.txt\nb.txt\n",
        "cluster_0_augmented.txt": "augmented_0.txt\n",
        "cluster_1.txt": "c.txt\n",
    }


@pytest.fixture(scope="module")
def autoencoder():
    return Autoencoder(fit_autoencoder(make(), TINY, 0))


def test_pseudo_spectra_are_of_measured_minerals_and_near_the_mean(autoencoder):
    spectra = make().intensity[[0, 1, 2, -1]]
    first, second = pseudo_spectra(table(), spectra, autoencoder)
    assert first.minerals == {"Albite": 2}
    np.testing.assert_allclose(first.mean, spectra[:3].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(second.decoded, autoencoder.denoise(spectra[3:])[0], atol=1e-5)
    assert np.abs(first.decoded - first.mean).mean() < 0.1


def test_slopes_do_not_see_scale():
    spectra = make().intensity
    np.testing.assert_allclose(slopes(spectra * 0.3), slopes(spectra), atol=1e-6)
    assert np.all(slopes(np.zeros((1, 96), np.float32)) == 0)


def test_every_representation_stands_for_the_task_and_easy_minerals_are_told_apart(autoencoder):
    corpus = make()
    rows = list(run_task("easy", "default", Representations(corpus, autoencoder, 0)))
    found = RUNS.from_rows(rows)
    assert RUNS.problems(found) == []
    frame = found.to_pandas()
    assert frame["learned"].any()
    assert not frame["learned"].all()
    assert set(frame["minerals"]) == {4}
    plain = frame[(frame["representation"] == "min-max spectra") & (frame["clustering"] == "Ward")]
    assert plain["ari"].item() == pytest.approx(1)


def test_names_of_seen_specimens_are_a_yardstick_and_no_clustering(autoencoder):
    corpus = make()
    whole = Representations(corpus, autoencoder, 0, seen=corpus)
    frame = RUNS.from_rows(run_task("new", "default", whole)).to_pandas()
    named = frame[frame["k_from"] == "names"]
    assert named["clustering"].tolist() == [WITH_NAMES]
    assert named["ari"].item() == pytest.approx(1)
    found = verdicts(summary(frame.assign(ari=frame["ari"].where(frame["k_from"] == "names", 0.2))))
    assert "ties with" in found[0]
    assert found[0].endswith("reaches 1.000: the spectra tell these minerals apart that far.")


@given(st.integers(2, 12), st.integers(1, 40), st.integers(0, 99))
def test_turning_keeps_distances(n, d, seed):
    points = np.random.default_rng(seed).normal(3, 1, (n, d))
    found = turned(points)
    assert found.shape[1] <= max(n, d) and (d <= n or found.shape[1] == n)
    np.testing.assert_allclose(pdist(found), pdist(points), atol=1e-9)
