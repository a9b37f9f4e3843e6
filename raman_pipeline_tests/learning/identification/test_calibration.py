import numpy as np
import pytest

from raman_pipeline.learning.identification.calibration import Calibration
from raman_pipeline.learning.identification.calibration_fit import fit_calibration
from raman_pipeline.learning.identification.countries import (
    CountryModel,
    country_codes,
    country_probabilities,
)
from raman_pipeline.learning.identification.leave_one_out import leave_one_specimen_out


@pytest.mark.parametrize("temperature", [0.01, 0.5])
def test_probabilities_are_probabilities(temperature):
    values = np.array([[-1, 0, 0.3, 1], [1, 1, 1, 1], [-1, -1, -1, -1], [0.9, 0.89, 0, 0]])
    calibration = Calibration((5.0, 1.0, 2.0, 0.1), -3.0, (temperature, 0.5), 0.2, 10)
    assert calibration.conditional(values).sum(axis=1) == pytest.approx(np.ones(len(values)))
    found = calibration.probabilities(values)
    assert (found >= 0).all() and (found.sum(axis=1) <= 1 + 1e-9).all()
    assert Calibration.from_json(calibration.as_json()) == calibration


def test_the_fit_separates_known_from_unknown_minerals(library):
    calibration = Calibration.from_json(library.fitted["calibration"])
    held_out = leave_one_specimen_out(library)
    assert calibration == fit_calibration(library, held_out)
    assert np.median(calibration.in_library(held_out.scores)) > 0.8
    assert np.median(calibration.in_library(held_out.without_mineral)) < 0.4


def test_countries_follow_the_similar_specimens_and_the_prior(library):
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
