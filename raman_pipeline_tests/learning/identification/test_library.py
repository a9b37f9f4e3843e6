import numpy as np
import pytest

from raman_pipeline.learning.identification.library import MineralLibrary, build_library
from raman_pipeline_tests.learning.identification.minerals import GRID, drawn


def test_every_row_is_in_the_library_whatever_the_order():
    intensity, measured, rows = drawn()
    library = build_library(intensity, measured, GRID, rows)
    order = np.random.default_rng(1).permutation(len(rows))
    shuffled = build_library(intensity[order], measured[order], GRID, [rows[i] for i in order])
    assert sorted(library.member_id) == sorted(r["member_id"] for r in rows)
    assert library.member_id == shuffled.member_id
    assert np.array_equal(library.derivatives, shuffled.derivatives)
    assert (np.diff(library.mineral) >= 0).all() and (np.diff(library.specimen) >= 0).all()
    for i, member in enumerate(library.member_id):
        row = next(r for r in rows if r["member_id"] == member)
        assert library.minerals[library.mineral[i]] == row["mineral"]
        assert library.specimens[library.specimen[i]] == row["rruff_id"]
        assert library.countries[library.specimen[i]] == row["country"]


def test_round_trip(library):
    again = MineralLibrary.from_state(library.to_state())
    assert np.array_equal(again.intensity, library.intensity)
    assert np.array_equal(again.valid, library.valid)
    error = np.abs(again.derivatives - library.derivatives).max()
    assert error < 1e-3 * np.abs(library.derivatives).max()
    for name in ("minerals", "specimens", "countries", "fitted"):
        assert getattr(again, name) == getattr(library, name)


def test_spectra_without_a_mineral_and_no_spectra_are_refused():
    intensity, measured, rows = drawn()
    with pytest.raises(ValueError, match="no mineral"):
        build_library(intensity, measured, GRID, [{**r, "mineral": None} for r in rows])
    with pytest.raises(ValueError, match="none"):
        build_library(intensity[:0], measured[:0], GRID, [])
