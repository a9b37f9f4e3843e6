import numpy as np
import pytest

from raman_pipeline.learning.identification import report
from raman_pipeline.learning.identification.library import build_library
from raman_pipeline.learning.identification.open_set import OPEN_SET, evaluate_open_set
from raman_pipeline_tests.learning.identification.minerals import GRID, drawn

SINGLE = {"M6", "M7"}


def singles(change=1.0):
    """A library in which two of eight minerals have one specimen."""
    intensity, measured, rows = drawn()
    kept = [i for i, r in enumerate(rows) if r["mineral"] not in SINGLE or "-0-" in r["member_id"]]
    rows = [rows[i] for i in kept]
    lone = [r["mineral"] in SINGLE for r in rows]
    intensity = intensity[kept]
    intensity[lone] = intensity[lone] ** change
    return build_library(intensity, measured[kept], GRID, rows)


@pytest.fixture(scope="module")
def table():
    return evaluate_open_set(singles())


def test_one_row_per_spectrum(table):
    assert OPEN_SET.problems(table) == []
    frame = table.to_pandas()
    assert sorted(frame["member_id"]) == sorted(singles().member_id)
    assert set(frame.loc[frame["unknown"], "mineral"]) == SINGLE
    assert table.equals(evaluate_open_set(singles()))


def test_unknown_minerals_affect_neither_the_search_nor_the_fit(table):
    others = evaluate_open_set(singles(change=0.3)).to_pandas()
    frame = table.to_pandas()
    known = ~frame["unknown"]
    assert frame[known].equals(others[known])
    assert not frame[~known].equals(others[~known])


def test_unknown_minerals_are_recognised(table):
    auroc = report.open_set_auroc(table.to_pandas())
    assert (auroc.pop("n_known"), auroc.pop("n_unknown")) == (36, 4)
    assert min(auroc.values()) > 0.9


def test_without_unknown_minerals_there_is_no_auroc(library):
    auroc = report.open_set_auroc(evaluate_open_set(library).to_pandas())
    assert auroc["n_unknown"] == 0
    assert np.isnan(auroc["in_library_probability"])
