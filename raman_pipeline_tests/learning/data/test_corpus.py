import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.learning.data.corpus import make_corpus, unseen
from raman_pipeline.spectra.tensor_file import SpectrumTensor
from raman_pipeline_tests.learning.corpora import mineral_corpus


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4))
def test_no_specimen_is_seen_and_unseen(seed, specimens, spectra):
    corpus = mineral_corpus(specimens, spectra)
    hidden = unseen(corpus, ["Albite", "Almandine"], seed)
    ids = corpus.metadata["rruff_id"]
    assert not set(ids[hidden]) & set(ids[~hidden])
    for mineral in ("Albite", "Almandine"):
        of = corpus.metadata["mineral"] == mineral
        assert ids[hidden & of].nunique() == specimens // 2
    assert np.array_equal(hidden, unseen(corpus, ["Almandine", "Albite"], seed))


def test_a_specimen_with_two_names_stays_whole():
    corpus = mineral_corpus()
    corpus.metadata.loc[0, "mineral"] = "Quartz"
    for seed in range(20):
        hidden = unseen(corpus, ["Albite", "Quartz"], seed)
        assert len(set(hidden[:3])) == 1


def test_rows_are_joined_by_id_and_nameless_specimens_stay_apart():
    corpus = mineral_corpus(1, 1)
    tensor = SpectrumTensor(corpus.intensity, corpus.grid, tuple(corpus.metadata["member_id"]))
    metadata = corpus.metadata.iloc[::-1].assign(rruff_id=None)
    found = make_corpus(tensor, metadata)
    np.testing.assert_array_equal(found.intensity, corpus.intensity[::-1])
    assert len(set(found.specimens)) == 4
    with pytest.raises(KeyError):
        make_corpus(tensor, metadata.assign(member_id="other"))


def test_minerals_are_chosen_by_name():
    assert set(mineral_corpus().of_minerals(["Quartz"]).metadata["mineral"]) == {"Quartz"}
