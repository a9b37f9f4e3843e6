import numpy as np
import pytest

from raman_pipeline.learning.identification.search import EXCLUDED, by_mineral, search
from raman_pipeline_tests.learning.identification.minerals import unfitted_library


def test_a_spectrum_is_most_similar_to_itself(library):
    similarity = search(library, library.derivatives, library.valid)
    assert np.diag(similarity) == pytest.approx(np.ones(len(library)), abs=1e-4)
    assert (similarity <= 1 + 1e-4).all()
    assert np.allclose(similarity, similarity.T, atol=1e-5)


def test_minerals_score_by_their_two_best_specimens():
    library = unfitted_library(minerals=3, specimens=2, spectra=1)
    specimens = np.array([[0.9, 0.5, 0.89, 0.88, EXCLUDED, EXCLUDED]], dtype=np.float32)
    scores = by_mineral(library, specimens)[0]
    assert scores[0] == pytest.approx((0.9 + 0.1 * 0.75) / 1.1)
    assert scores[1] == pytest.approx((0.89 + 0.1 * 0.88) / 1.1)
    assert scores[1] > scores[0]
    assert scores[2] < -1
