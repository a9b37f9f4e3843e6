from functools import partial

import numpy as np
import pytest

from raman_pipeline.learning.synthetic_tasks.embedding import (
    Embedding,
    fit_embedding,
    nearest_classes,
)
from raman_pipeline.learning.synthetic_tasks.pair_distances import pair_distances
from raman_pipeline_tests.learning.synthetic_tasks.spectra import QUICK


@pytest.mark.parametrize("mixtures", [False, True])
def test_a_resumed_training_ends_with_equal_weights(lines, resumed, mixtures):
    fit = partial(fit_embedding, lines, QUICK, 0, mixtures=mixtures)
    whole, again = fit(), resumed(fit)
    assert whole.metadata == again.metadata
    assert all(np.array_equal(whole.arrays[n], again.arrays[n]) for n in whole.arrays)
    other = fit_embedding(lines, QUICK, 1, mixtures=mixtures)
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
