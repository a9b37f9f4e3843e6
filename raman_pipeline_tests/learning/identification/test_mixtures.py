import numpy as np
import pytest

from raman_pipeline.learning.identification.mixtures import MixtureSearch
from raman_pipeline.learning.identification.query import prepare
from raman_pipeline.learning.identification.search import search
from raman_pipeline.spectra.spectrum_files import Spectrum
from raman_pipeline_tests.learning.identification.minerals import GRID


def test_mixtures_are_found_with_their_fractions(library):
    searcher = MixtureSearch(library)
    fractions = []
    for first, second in ((0, 20), (7, 33), (13, 45)):
        a, b = library.intensity[first], library.intensity[second]
        valid = library.valid[first] & library.valid[second]
        query = prepare(Spectrum("two", GRID[valid], (0.7 * a + 0.3 * b)[valid]), GRID)
        similarity = search(library, query.derivatives[None], query.valid[None])[0]
        best = searcher.find(query, similarity)
        names = {library.minerals[library.mineral[r]] for r in (first, second)}
        assert {c.mineral for c in best[0].components} == names
        assert best[0].fit >= best[-1].fit
        fractions.append(best[0].components[0].fraction)
    assert np.mean(fractions) == pytest.approx(0.7, abs=0.07)
    assert searcher.find(query, similarity, allowed=np.zeros(len(library), bool)) == []
