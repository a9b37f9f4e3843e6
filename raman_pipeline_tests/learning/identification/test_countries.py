import numpy as np
import pytest

from raman_pipeline.learning.identification.countries import (
    CountryModel,
    country_codes,
    country_probabilities,
)


def test_probabilities_follow_the_similar_specimens_and_the_prior(library):
    codes, index = country_codes(library)
    assert codes == ("BR", "US")
    assert set(index) == {-1, 0, 1}
    similarity = np.full((1, len(library.specimens)), -0.5, dtype=np.float32)
    similarity[0, np.flatnonzero(index == 0)[0]] = 0.9
    by_spectrum, by_prior = (
        country_probabilities(library, CountryModel(0.02, weight), similarity)[0]
        for weight in (0.1, 0.9)
    )
    assert by_spectrum.sum() == pytest.approx(1) and by_prior.sum() == pytest.approx(1)
    assert by_spectrum[0] > 0.9 > by_prior[0]
