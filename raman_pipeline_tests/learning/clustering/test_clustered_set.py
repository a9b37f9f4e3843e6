import numpy as np
import pytest

from raman_pipeline.learning.clustering.clustered_set import clustered_set
from raman_pipeline_tests.learning.corpora import mineral_corpus

MINERALS = ("Albite", "Almandine")


def of(**changes):
    chosen = {"minerals": MINERALS, "augmented_of": "Albite", "copies": 5, "amplitude": 0.1,
              "noise": 0.02, "seed": 0} | changes  # fmt: skip
    return clustered_set(mineral_corpus(), **chosen)


def test_copies_follow_the_measured_spectra_and_name_their_parents():
    found = of(copies=30)
    measured = found.metadata[~found.metadata["augmented"]]
    copies = found.metadata[found.metadata["augmented"]]
    assert set(measured["mineral"]) == set(MINERALS)
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minerals": ("Unobtainium",)}, "no spectrum of Unobtainium; set other"),
        ({"augmented_of": "Quartz"}, "no spectrum of Quartz to augment"),
    ],
)
def test_missing_minerals_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        of(**change)
