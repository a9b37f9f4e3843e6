import numpy as np
import pytest

from raman_pipeline.learning.clustering.benchmark import (
    CLUSTERING_RUNS,
    SUPERVISED,
    run_task,
    unit_derivatives,
)
from raman_pipeline.learning.clustering.report import conclusions, summary
from raman_pipeline_tests.learning.corpora import mineral_corpus


def test_derivatives_do_not_depend_on_scale():
    spectra = mineral_corpus().intensity
    np.testing.assert_allclose(
        unit_derivatives(spectra * 0.3), unit_derivatives(spectra), atol=1e-6
    )
    assert np.all(unit_derivatives(np.zeros((1, 96), np.float32)) == 0)


def test_all_representations_are_clustered_and_easy_minerals_separated():
    corpus = mineral_corpus()
    rows = list(run_task("easy", "default", 0, corpus, {"latents": corpus.intensity[:, ::2]}))
    found = CLUSTERING_RUNS.from_rows(rows)
    assert CLUSTERING_RUNS.problems(found) == []
    frame = found.to_pandas()
    assert frame["from_autoencoder"].any()
    assert not frame["from_autoencoder"].all()
    assert set(frame["minerals"]) == {4}
    plain = frame[(frame["representation"] == "min-max spectra") & (frame["clustering"] == "Ward")]
    assert plain["ari"].item() == pytest.approx(1)


def test_the_supervised_baseline_is_not_a_clustering():
    corpus = mineral_corpus()
    latents = {"latents": corpus.intensity[:, ::2]}
    rows = run_task("new", "default", 0, corpus, latents, reference=corpus)
    frame = CLUSTERING_RUNS.from_rows(rows).to_pandas()
    supervised = frame[frame["k_from"] == "labels"]
    assert supervised["clustering"].tolist() == [SUPERVISED]
    assert supervised["ari"].item() == pytest.approx(1)
    found = conclusions(
        summary(frame.assign(ari=frame["ari"].where(frame["k_from"] == "labels", 0.2)))
    )
    assert "ties with" in found[0]
    assert found[0].endswith("reaches 1.000.")
