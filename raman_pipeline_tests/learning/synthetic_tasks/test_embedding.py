import numpy as np
import pytest

from raman_pipeline.learning.synthetic_tasks.embedding import (
    Embedding,
    fit_embedding,
    nearest_classes,
)
from raman_pipeline.learning.synthetic_tasks.pair_distances import pair_distances
from raman_pipeline_tests.learning.synthetic_tasks.spectra import QUICK


def test_a_resumed_training_ends_with_equal_weights(lines, tmp_path):
    whole = fit_embedding(lines, QUICK, 0)
    file = tmp_path / "state.pt"

    def kill(report):
        if report.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_embedding(lines, QUICK, 0, checkpoint=file, on_epoch=kill)
    resumed = fit_embedding(lines, QUICK, 0, checkpoint=file)
    assert all(np.array_equal(whole.arrays[n], resumed.arrays[n]) for n in whole.arrays)
    other = fit_embedding(lines, QUICK, 1)
    assert not np.array_equal(whole.arrays["head.weight"], other.arrays["head.weight"])


def test_the_embedding_separates_the_classes(lines, tmp_path):
    state = fit_embedding(lines, QUICK.model_copy(update={"epochs": 12}), 0)
    state.write(tmp_path / "m.safetensors")
    embed = Embedding(type(state).read(tmp_path / "m.safetensors"))
    vectors = embed(lines.spectra)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(lines)), abs=1e-5)
    found, k = nearest_classes((vectors, lines.label), (vectors, lines.label), vectors)
    assert (found == lines.label).mean() > 0.9
    assert k == 1
    same, other = pair_distances(vectors, lines.label, 0)
    assert np.median(same) < np.median(other)


def test_training_with_mixtures(lines):
    state = fit_embedding(lines, QUICK, 0, mixtures=True)
    assert state.metadata["mixtures"]
