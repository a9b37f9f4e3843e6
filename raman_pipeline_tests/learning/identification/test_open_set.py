import numpy as np
import pytest

from raman_pipeline.learning.identification import report
from raman_pipeline.learning.identification.library import build_library
from raman_pipeline.learning.identification.open_set import ABSENCE, judge_absent
from raman_pipeline_tests.learning.identification.minerals import GRID, drawn

SINGLE = {"M6", "M7"}


def singles(change=1.0):
    """A library in which two of eight minerals have one specimen."""
    intensity, covered, rows = drawn()
    kept = [i for i, r in enumerate(rows) if r["mineral"] not in SINGLE or "-0-" in r["member_id"]]
    rows = [rows[i] for i in kept]
    lone = [r["mineral"] in SINGLE for r in rows]
    intensity = intensity[kept]
    intensity[lone] = intensity[lone] ** change
    return build_library(intensity, covered[kept], GRID, rows)


@pytest.fixture(scope="module")
def asked():
    return judge_absent(singles())


def test_every_spectrum_is_asked_once(asked):
    assert ABSENCE.problems(asked) == []
    frame = asked.to_pandas()
    assert sorted(frame["member_id"]) == sorted(singles().member_id)
    assert set(frame.loc[frame["absent"], "mineral"]) == SINGLE
    assert asked.equals(judge_absent(singles()))


def test_minerals_with_one_specimen_are_not_searched_nor_fitted_on(asked):
    others = judge_absent(singles(change=0.3)).to_pandas()
    frame = asked.to_pandas()
    held = ~frame["absent"]
    assert frame[held].equals(others[held])
    assert not frame[~held].equals(others[~held])


def test_absent_minerals_are_told(asked):
    worth = report.absence(asked.to_pandas())
    assert (worth["n_held"], worth["n_absent"]) == (36, 4)
    assert min(worth[way] for way in ("known", "best_similarity", "best_slopes")) > 0.9


def test_nothing_absent_is_no_number(library):
    worth = report.absence(judge_absent(library).to_pandas())
    assert worth["n_absent"] == 0
    assert np.isnan(worth["known"])
