import numpy as np
import pytest

from raman_pipeline.learning.clustering.benchmark import (
    RUNS,
    WITH_NAMES,
    run_task,
    unit_derivatives,
)
from raman_pipeline.learning.clustering.report import summary, verdicts
from raman_pipeline_tests.learning.corpora import mineral_corpus


def test_first_derivative_spectra_ignore_scale():
    spectra = mineral_corpus().intensity
    np.testing.assert_allclose(
        unit_derivatives(spectra * 0.3), unit_derivatives(spectra), atol=1e-6
    )
    assert np.all(unit_derivatives(np.zeros((1, 96), np.float32)) == 0)


def test_every_representation_stands_for_the_task_and_easy_minerals_are_told_apart():
    corpus = mineral_corpus()
    rows = list(run_task("easy", "default", 0, corpus, {"latents": corpus.intensity[:, ::2]}))
    found = RUNS.from_rows(rows)
    assert RUNS.problems(found) == []
    frame = found.to_pandas()
    assert frame["learned"].any()
    assert not frame["learned"].all()
    assert set(frame["minerals"]) == {4}
    plain = frame[(frame["representation"] == "min-max spectra") & (frame["clustering"] == "Ward")]
    assert plain["ari"].item() == pytest.approx(1)


def test_names_of_seen_specimens_are_a_yardstick_and_no_clustering():
    corpus = mineral_corpus()
    latents = {"latents": corpus.intensity[:, ::2]}
    rows = run_task("new", "default", 0, corpus, latents, reference=corpus)
    frame = RUNS.from_rows(rows).to_pandas()
    named = frame[frame["k_from"] == "names"]
    assert named["clustering"].tolist() == [WITH_NAMES]
    assert named["ari"].item() == pytest.approx(1)
    found = verdicts(summary(frame.assign(ari=frame["ari"].where(frame["k_from"] == "names", 0.2))))
    assert "ties with" in found[0]
    assert found[0].endswith("reaches 1.000: the spectra tell these minerals apart that far.")
