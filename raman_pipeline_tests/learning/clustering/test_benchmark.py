import numpy as np
import pytest

from raman_pipeline.learning.clustering.benchmark import (
    CLUSTERING_RUNS,
    SUPERVISED,
    run_task,
    unit_derivatives,
)
from raman_pipeline_tests.learning.corpora import mineral_corpus


def test_derivatives_do_not_depend_on_scale():
    spectra = mineral_corpus().intensity
    scaled = unit_derivatives(spectra * 0.3)
    np.testing.assert_allclose(scaled, unit_derivatives(spectra), atol=1e-6)
    assert np.all(unit_derivatives(np.zeros((1, 96), np.float32)) == 0)


def test_easy_minerals_are_separated_by_clusterings_and_the_supervised_baseline():
    corpus = mineral_corpus()
    latents = {"latents": corpus.intensity[:, ::2]}
    found = CLUSTERING_RUNS.from_rows(run_task("easy", "default", 0, corpus, latents, corpus))
    assert CLUSTERING_RUNS.problems(found) == []
    frame = found.to_pandas()
    learned = frame.loc[frame["from_autoencoder"], "representation"]
    assert set(learned) == {"latents", "t-SNE of latents"}
    assert set(frame["minerals"]) == {4}
    ward = frame[(frame["representation"] == "min-max spectra") & (frame["clustering"] == "Ward")]
    assert ward["ari"].item() == pytest.approx(1)
    supervised = frame[frame["k_from"] == "labels"]
    assert supervised["clustering"].tolist() == [SUPERVISED]
    assert supervised["ari"].item() == pytest.approx(1)
