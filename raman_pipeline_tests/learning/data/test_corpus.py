import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.data.corpus import held_out, make_corpus
from raman_pipeline.spectra.tensor_file import SpectrumTensor
from raman_pipeline_tests.learning.corpora import mineral_corpus


@pytest.mark.parametrize(("seed", "specimens"), [(0, 1), (1, 2), (2, 5)])
def test_no_specimen_is_seen_and_held_out(seed, specimens):
    corpus = mineral_corpus(specimens)
    rows = held_out(corpus, ["Albite", "Almandine"], seed)
    ids = corpus.metadata["rruff_id"]
    assert not set(ids[rows]) & set(ids[~rows])
    for mineral in ("Albite", "Almandine"):
        of = corpus.metadata["mineral"] == mineral
        assert ids[rows & of].nunique() == specimens // 2
    assert np.array_equal(rows, held_out(corpus, ["Almandine", "Albite"], seed))
    # Also one with two names.
    corpus.metadata.loc[0, "mineral"] = "Quartz"
    assert len(set(held_out(corpus, ["Albite", "Quartz"], seed)[:3])) == 1


def test_processed_spectra_are_joined_by_id_and_missing_specimens_stay_separate():
    corpus = mineral_corpus(1, 1)
    tensor = SpectrumTensor(corpus.intensity, corpus.grid, tuple(corpus.metadata["member_id"]))
    spectra = corpus.metadata.iloc[::-1].assign(rruff_id=None, kind="Processed")
    raw = spectra.assign(member_id="other", kind="RAW")
    found = make_corpus(pd.concat([raw, spectra]), tensor)
    np.testing.assert_array_equal(found.intensity, corpus.intensity[::-1])
    assert found.metadata.columns.tolist() == corpus.metadata.columns.tolist()
    assert len(set(found.specimens)) == 4
    with pytest.raises(KeyError):
        make_corpus(raw.assign(kind="Processed"), tensor)
