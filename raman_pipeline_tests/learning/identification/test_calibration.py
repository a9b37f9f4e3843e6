import numpy as np
import pytest

from raman_pipeline.learning.identification.calibration import Calibration, among
from raman_pipeline.learning.identification.calibration_fit import fit_calibration, with_disturbed
from raman_pipeline.learning.identification.countries import (
    CountryModel,
    country_codes,
    country_probabilities,
)
from raman_pipeline.learning.identification.leave_one_out import leave_one_specimen_out


@pytest.mark.parametrize("temperature", [0.01, 0.5])
def test_probabilities_are_probabilities(temperature):
    values = np.array([[-1, 0, 0.3, 1], [1, 1, 1, 1], [-1, -1, -1, -1], [0.9, 0.89, 0, 0]])
    calibration = Calibration((5.0, 1.0, 2.0, 0.1, 1.0, 1.0), -3.0, (temperature, 0.5), 0.2, 10)
    quality = np.array([1, 0.9, 0.5, 0.2]), np.array([1, 500, 1000, 1500])
    conditional = calibration.conditional(values, quality[0])
    assert conditional.sum(axis=1) == pytest.approx(np.ones(len(values)))
    found = calibration.probabilities(values, *quality)
    assert (found >= 0).all() and (found.sum(axis=1) <= 1 + 1e-9).all()
    assert Calibration.from_json(calibration.as_json()) == calibration


@pytest.mark.parametrize(
    ("known", "conditional", "expected"),
    [(0.9, 1.0, 0.9), (0.9, 0.01, 0.009 / 0.109), (0.5, 0.5, 1 / 3), (1.0, 1e-9, 1.0), (0.9, 0, 0)],
)
def test_among_few_minerals_the_spectrum_may_speak_for_none(known, conditional, expected):
    two = np.array([[conditional / 4, conditional * 3 / 4, 1 - conditional]])
    found, among_them = among(np.array([known]), two, np.array([True, True, False]))
    assert found == pytest.approx([expected])
    assert among_them == pytest.approx(np.array([[0.25, 0.75]]) * (conditional > 0))


def test_the_fit_separates_known_from_unknown_minerals(library):
    calibration = Calibration.from_json(library.fitted["calibration"])
    held_out = leave_one_specimen_out(library)
    everything = with_disturbed(library, held_out)
    assert set(held_out.row) == set(everything.row) and len(everything.row) == 2 * len(library)
    assert calibration == fit_calibration(library, everything)
    quality = held_out.attenuation, held_out.points
    assert np.median(calibration.in_library(held_out.scores, *quality)) > 0.8
    assert np.median(calibration.in_library(held_out.without_mineral, *quality)) < 0.4


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
