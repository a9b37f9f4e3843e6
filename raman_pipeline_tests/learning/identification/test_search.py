import dataclasses

import numpy as np
import pytest

from raman_pipeline.learning.identification.derivatives import inner_mask, normalised_derivatives
from raman_pipeline.learning.identification.leave_one_out import leave_one_specimen_out
from raman_pipeline.learning.identification.library import build_library
from raman_pipeline.learning.identification.mixtures import MixtureSearch
from raman_pipeline.learning.identification.query import QueryError, prepare, prepare_all
from raman_pipeline.learning.identification.search import EXCLUDED, by_mineral, by_specimen, search
from raman_pipeline.spectra.spectrum_files import Spectrum
from raman_pipeline_tests.learning.identification.minerals import GRID, drawn, unfitted_library


def test_derivatives_do_not_depend_on_scale_and_are_zero_at_invalid_points():
    rng = np.random.default_rng(0)
    intensity, measured, _ = drawn()
    valid = inner_mask(measured[:4])
    once = normalised_derivatives(intensity[:4], valid)
    assert (once[~valid] == 0).all()
    scaled = normalised_derivatives(intensity[:4] * rng.uniform(0.2, 1, (4, 1)), valid)
    cosine = (once * scaled).sum(1) / np.linalg.norm(once, axis=1) / np.linalg.norm(scaled, axis=1)
    assert cosine == pytest.approx(np.ones(4), abs=1e-4)
    flat = normalised_derivatives(np.zeros((1, 1200)), np.ones((1, 1200), bool))
    assert np.isfinite(flat).all()
    # Left out are the ends of a spectrum but not those of the grid.
    measured = np.ones((2, 30), dtype=bool)
    measured[0, :5] = measured[0, 25:] = False
    inner = inner_mask(measured)
    assert np.flatnonzero(inner[0]).tolist() == list(range(8, 22))
    assert inner[1].all()


def test_minerals_score_by_their_two_best_specimens():
    library = unfitted_library(minerals=3, specimens=2, spectra=1)
    specimens = np.array([[0.9, 0.5, 0.89, 0.88, EXCLUDED, EXCLUDED]], dtype=np.float32)
    scores = by_mineral(library, specimens)[0]
    assert scores[0] == pytest.approx((0.9 + 0.1 * 0.75) / 1.1)
    assert scores[1] == pytest.approx((0.89 + 0.1 * 0.88) / 1.1)
    assert scores[1] > scores[0]
    assert scores[2] < -1


def test_only_the_own_specimen_is_left_out(library):
    held_out = leave_one_specimen_out(library)
    similarity = search(library, library.derivatives, library.valid)
    # A spectrum is most similar to itself.
    assert np.diag(similarity) == pytest.approx(np.ones(len(library)), abs=1e-4)
    assert similarity.max() <= 1 + 1e-4
    similarity = by_specimen(library, similarity)
    for i, row in enumerate(held_out.row):
        own = library.specimen[row]
        assert held_out.specimens[i, own] == EXCLUDED
        others = np.arange(len(library.specimens)) != own
        assert np.allclose(held_out.specimens[i, others], similarity[row, others], atol=1e-6)
        assert held_out.without_mineral[i, library.mineral[row]] == EXCLUDED
    assert (held_out.scores.argmax(axis=1) == library.mineral[held_out.row]).mean() > 0.9
    with pytest.raises(ValueError, match="2 minerals have two specimens; at least 5"):
        leave_one_specimen_out(unfitted_library(minerals=2))


def test_a_specimen_under_two_minerals_is_left_out_under_both():
    intensity, measured, rows = drawn()
    rows = [r | ({"rruff_id": "R0000"} if r["rruff_id"] == "R0100" else {}) for r in rows]
    library = build_library(intensity, measured, GRID, rows)
    held_out = leave_one_specimen_out(library)
    counts = set()
    for i, row in enumerate(held_out.row):
        same = np.array(library.specimens) == library.specimens[library.specimen[row]]
        assert (held_out.specimens[i, same] == EXCLUDED).all()
        counts.add(same.sum())
    assert counts == {1, 2}


def test_mixtures_are_found_with_their_fractions(library):
    searcher = MixtureSearch(library)
    fractions = []
    for rows in ((0, 20), (7, 33), (13, 45)):
        mixed, valid = [0.7, 0.3] @ library.intensity[list(rows)], library.valid[list(rows)].all(0)
        query = prepare(Spectrum("two", GRID[valid], mixed[valid]), GRID)
        similarity = search(library, query.derivatives[None], query.valid[None])[0]
        best = searcher.find(query, similarity)
        names = {library.minerals[library.mineral[r]] for r in rows}
        assert {c.mineral for c in best[0].components} == names
        assert best[0].fit >= best[-1].fit
        fractions.append(best[0].components[0].fraction)
    assert np.mean(fractions) == pytest.approx(0.7, abs=0.07)
    assert searcher.find(query, similarity, allowed=np.zeros(len(library), bool)) == []


def test_spectra_together_are_prepared_as_alone(library):
    rng = np.random.default_rng(0)
    axes = [np.linspace(150, 1400, 900), np.linspace(90, 1700, 700), np.linspace(300, 440, 140)]
    spectra = []
    for number in range(24):
        axis = axes[number % 3]
        y = np.interp(axis, library.grid, library.intensity[number]) * 900 + 40
        y = y + rng.normal(0, (0, 5, 60)[number % 7 % 3], y.size)
        y[(number * 31) % (y.size - 10) + 4] += 500 * (number % 2)
        spectra.append(Spectrum(f"{number}", axis, np.zeros(y.size) if number == 9 else y))
    for baseline in ("none", "snip"):
        for spectrum, found in zip(
            spectra, prepare_all(spectra, library.grid, baseline), strict=True
        ):
            try:
                alone = prepare(spectrum, library.grid, baseline)
            except QueryError as error:
                assert str(found) == str(error)
                continue
            for field in dataclasses.fields(alone):
                one, other = getattr(alone, field.name), getattr(found, field.name)
                if isinstance(one, np.ndarray | float):
                    np.testing.assert_allclose(other, one, rtol=0, atol=2e-6)
                else:
                    assert one == other
