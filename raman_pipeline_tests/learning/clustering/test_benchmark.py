import numpy as np
import pytest

from raman_pipeline.learning.clustering.benchmark import (
    CLUSTERING_RUNS,
    SUPERVISED,
    run_task,
    unit_derivatives,
)
from raman_pipeline.learning.clustering.clustered_set import clustered_set
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
    ward = frame[(frame["representation"] == "min-max spectra") & (frame["clustering"] == "Ward")]
    assert ward["ari"].item() == pytest.approx(1)
    supervised = frame[frame["k_from"] == "labels"]
    assert supervised["clustering"].tolist() == [SUPERVISED]
    assert supervised["ari"].item() == pytest.approx(1)


def of(**changes):
    chosen = {"minerals": ("Albite", "Almandine"), "augmented_of": "Albite", "copies": 5,
              "amplitude": 0.1, "noise": 0.02, "seed": 0} | changes  # fmt: skip
    return clustered_set(mineral_corpus(), **chosen)


def test_copies_follow_the_measured_spectra_and_name_their_parents():
    found = of(copies=30)
    measured = found.metadata[~found.metadata["augmented"]]
    copies = found.metadata[found.metadata["augmented"]]
    assert measured["file"].equals(measured["member"])
    assert copies["file"].tolist() == [f"augmented_{i}.txt" for i in range(30)]
    # Parents are taken in turn: 12 spectra of albite for 30 copies.
    assert set(copies["mineral"]) == {"Albite"}
    assert set(copies["member_id"].value_counts()) == {2, 3}
    parents = [measured["member_id"].tolist().index(m) for m in copies["member_id"]]
    error = found.intensity[len(measured) :] - found.intensity[parents]
    assert 0.015 < error.std() < 0.03
    assert found.intensity.dtype == np.float32
    assert of().intensity.tobytes() == of().intensity.tobytes() != of(seed=1).intensity.tobytes()
    assert not of(copies=0, augmented_of="Unobtainium").metadata["augmented"].any()
    for missing in ({"minerals": ("Unobtainium",)}, {"augmented_of": "Quartz"}):
        with pytest.raises(
            ValueError, match=r"no spectrum of (Unobtainium; set|Quartz to augment)"
        ):
            of(**missing)
