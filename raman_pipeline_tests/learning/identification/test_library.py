"""The library, its search, the chances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.learning.identification.calibrating import fit_confidence, left_out
from raman_pipeline.learning.identification.confidence import Confidence, features, softened
from raman_pipeline.learning.identification.countries import (
    CountryGuess,
    country_codes,
    country_probabilities,
)
from raman_pipeline.learning.identification.derivatives import inner, slopes
from raman_pipeline.learning.identification.library import MineralLibrary, build_library
from raman_pipeline.learning.identification.search import NOWHERE, by_mineral, by_specimen, search
from raman_pipeline_tests.learning.identification.minerals import GRID, drawn, made


def test_rows_in_are_rows_in_the_library_whatever_their_order():
    intensity, covered, rows = drawn()
    library = build_library(intensity, covered, GRID, rows)
    order = np.random.default_rng(1).permutation(len(rows))
    shuffled = build_library(intensity[order], covered[order], GRID, [rows[i] for i in order])
    assert sorted(library.member_id) == sorted(r["member_id"] for r in rows)
    assert library.member_id == shuffled.member_id
    assert np.array_equal(library.slopes, shuffled.slopes)
    assert (np.diff(library.mineral) >= 0).all() and (np.diff(library.specimen) >= 0).all()
    for i, member in enumerate(library.member_id):
        row = next(r for r in rows if r["member_id"] == member)
        assert library.minerals[library.mineral[i]] == row["mineral"]
        assert library.specimens[library.specimen[i]] == row["rruff_id"]
        assert library.countries[library.specimen[i]] == row["country"]


def test_a_library_is_read_as_it_was_written(library):
    again = MineralLibrary.from_state(library.to_state())
    assert np.array_equal(again.intensity, library.intensity)
    assert np.array_equal(again.covered, library.covered)
    assert np.abs(again.slopes - library.slopes).max() < 1e-3 * np.abs(library.slopes).max()
    assert (again.minerals, again.specimens, again.countries, again.fitted) == (
        library.minerals, library.specimens, library.countries, library.fitted,
    )  # fmt: skip


def test_nameless_or_no_spectra_make_no_library():
    intensity, covered, rows = drawn()
    with pytest.raises(ValueError, match="no mineral"):
        build_library(intensity, covered, GRID, [{**r, "mineral": None} for r in rows])
    with pytest.raises(ValueError, match="none"):
        build_library(intensity[:0], covered[:0], GRID, [])


def test_a_spectrum_is_most_like_itself_whatever_it_covers(library):
    similarity = search(library, library.slopes, library.covered)
    assert np.diag(similarity) == pytest.approx(np.ones(len(library)), abs=1e-4)
    assert (similarity <= 1 + 1e-4).all()
    assert np.allclose(similarity, similarity.T, atol=1e-5)


def test_slopes_see_no_slope_of_the_whole_and_no_scale():
    rng = np.random.default_rng(0)
    intensity, covered, _ = drawn()
    kept = inner(covered)
    once = slopes(intensity[:4], kept[:4])
    assert (once[~kept[:4]] == 0).all()
    scaled = slopes(intensity[:4] * rng.uniform(0.2, 1, (4, 1)), kept[:4])
    cosine = (once * scaled).sum(1) / np.linalg.norm(once, axis=1) / np.linalg.norm(scaled, axis=1)
    assert cosine == pytest.approx(np.ones(4), abs=1e-4)
    assert np.isfinite(slopes(np.zeros((1, 1200)), np.ones((1, 1200), bool))).all()


def test_minerals_score_by_their_best_specimens():
    library = made(minerals=3, specimens=2, spectra=1)
    specimens = np.array([[0.9, 0.5, 0.89, 0.88, NOWHERE, NOWHERE]], dtype=np.float32)
    scores = by_mineral(library, specimens)[0]
    assert scores[0] == pytest.approx((0.9 + 0.1 * 0.75) / 1.1)
    assert scores[1] == pytest.approx((0.89 + 0.1 * 0.88) / 1.1)
    assert scores[1] > scores[0]
    assert scores[2] < -1


def test_left_out_specimens_are_left_out(library):
    answers = left_out(library)
    similarity = by_specimen(library, search(library, library.slopes, library.covered))
    for i, row in enumerate(answers.row):
        own = library.specimen[row]
        assert answers.specimens[i, own] == NOWHERE
        others = np.arange(len(library.specimens)) != own
        assert np.allclose(answers.specimens[i, others], similarity[row, others], atol=1e-6)
        assert answers.unknown[i, library.mineral[row]] == NOWHERE
    assert (answers.known.argmax(axis=1) == library.mineral[answers.row]).mean() > 0.9


def test_an_id_under_two_minerals_is_one_stone():
    intensity, covered, rows = drawn()
    for row in rows:
        if row["rruff_id"] == "R0100":
            row["rruff_id"] = "R0000"
    library = build_library(intensity, covered, GRID, rows)
    answers = left_out(library)
    for i, row in enumerate(answers.row):
        name = library.specimens[library.specimen[row]]
        same = np.array([s == name for s in library.specimens])
        assert (answers.specimens[i, same] == NOWHERE).all()
    assert same.sum() in (1, 2)


def test_too_few_minerals_are_told():
    with pytest.raises(ValueError, match="2 minerals have two specimens; at least 5"):
        left_out(made(minerals=2))


SCORES = st.lists(st.lists(st.floats(-1, 1), min_size=4, max_size=4), min_size=1, max_size=5)


@given(SCORES, st.floats(0.01, 0.5))
def test_chances_are_chances(scores, temperature):
    values = np.array(scores)
    shares = softened(values, temperature)
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(values)))
    confidence = Confidence((5.0, 1.0, 2.0, 0.1), -3.0, (temperature, 0.5), 0.2, 10)
    chances = confidence.probabilities(values)
    assert (chances >= 0).all() and (chances.sum(axis=1) <= 1 + 1e-9).all()
    assert features(values).shape == (len(values), 4)
    assert Confidence.of(confidence.as_json()) == confidence


def test_confidence_is_fitted_on_both_kinds_of_queries(library):
    confidence = Confidence.of(library.fitted["confidence"])
    answers = left_out(library)
    assert confidence == fit_confidence(library, answers)
    assert np.median(confidence.known(answers.known)) > 0.8
    assert np.median(confidence.known(answers.unknown)) < 0.4


def test_countries_come_from_like_specimens(library):
    codes, index = country_codes(library)
    assert codes == ("BR", "US")
    assert set(index) == {-1, 0, 1}
    like = np.full((1, len(library.specimens)), -0.5, dtype=np.float32)
    like[0, np.flatnonzero(index == 0)[0]] = 0.9
    sure = country_probabilities(library, CountryGuess(0.02, 0.1), like)[0]
    unsure = country_probabilities(library, CountryGuess(0.02, 0.9), like)[0]
    assert sure.sum() == pytest.approx(1) and unsure.sum() == pytest.approx(1)
    assert sure[0] > 0.9 > unsure[0]
