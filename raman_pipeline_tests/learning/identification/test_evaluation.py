import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.identification import report
from raman_pipeline.learning.identification.evaluation import IDENTIFIED, evaluate, ranks
from raman_pipeline.learning.identification.known_elements import with_elements
from raman_pipeline.learning.identification.leave_one_out import leave_one_specimen_out
from raman_pipeline.learning.identification.library import build_library
from raman_pipeline.learning.identification.mixture_evaluation import MIXTURES, evaluate_mixtures
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
def tables(library):
    """The tables of the three evaluations, the open set with two minerals of one specimen."""
    made = [(IDENTIFIED, evaluate(library)), (MIXTURES, evaluate_mixtures(library, 4, 0))]
    made.append((OPEN_SET, evaluate_open_set(singles())))
    assert [schema.problems(table) for schema, table in made] == [[], [], []]
    return [table for _, table in made]


def test_evaluations_are_reproducible(tables, library):
    again = [evaluate(library), evaluate_mixtures(library, 4, 0), evaluate_open_set(singles())]
    assert all(a.equals(b) for a, b in zip(tables, again, strict=True))


def test_ties_count_against_the_correct_class():
    scores = np.array([[0.5, 0.5, 0.1], [0.9, 0.2, 0.3]], dtype=np.float32)
    assert ranks(scores, np.array([0, 2])).tolist() == [2, 2]
    assert ranks(scores, np.array([0, 2]), np.array([True, False, True])).tolist() == [1, 2]


def test_one_row_per_spectrum_and_only_the_leaky_protocol_leaks(library, tables):
    frame = tables[0].to_pandas()
    assert len(frame) == len(library)
    assert (frame["rank_leaky"] == 1).mean() >= (frame["rank"] == 1).mean()
    assert (frame["rank_multi_specimen"] <= frame["rank"]).all()
    unlocated = sum(library.countries[s] is None for s in library.specimen)
    assert frame["country_rank"].isna().sum() == unlocated
    metrics = report.calibration_metrics(frame)
    assert 0.5 < metrics["auroc"] <= 1
    assert metrics["queries"] == 2 * len(frame)
    groups = report.accuracy_by_group(frame)
    assert groups.groupby("by")["n"].sum().tolist() == [len(frame)] * 2


def test_known_elements_leave_only_minerals_that_hold_them(library):
    held_out = leave_one_specimen_out(library)
    alone = with_elements(library, held_out)
    assert (alone.scores <= held_out.scores).all()
    m4 = library.mineral[held_out.row] == library.minerals.index("M4")
    # Fe2O3 is known to hold Fe, and no other of the minerals does; that of M6 is not known.
    left = {library.minerals[i] for i in np.flatnonzero((alone.scores[m4] > -1).any(axis=0))}
    assert left == {"M4", "M6"}
    assert (alone.without_mineral[m4, library.minerals.index("M4")] < -1).all()
    m6 = library.mineral[held_out.row] == library.minerals.index("M6")
    assert np.array_equal(alone.scores[m6], held_out.scores[m6])


def test_unknown_minerals_are_recognised_and_affect_neither_search_nor_fit(tables, library):
    frame = tables[2].to_pandas()
    assert sorted(frame["member_id"]) == sorted(singles().member_id)
    known = ~frame["unknown"]
    assert set(frame.loc[~known, "mineral"]) == SINGLE
    auroc = report.open_set_auroc(frame)
    assert (auroc.pop("n_known"), auroc.pop("n_unknown")) == (36, 4)
    assert min(auroc.values()) > 0.9
    others = evaluate_open_set(singles(change=0.3)).to_pandas()
    assert frame[known].equals(others[known])
    assert not frame[~known].equals(others[~known])
    # Without unknown minerals there is no AUROC.
    auroc = report.open_set_auroc(evaluate_open_set(library).to_pandas())
    assert auroc["n_unknown"] == 0
    assert np.isnan(auroc["in_library_probability"])


def test_the_report_states_protocol_and_conclusions(tables):
    identified, mixtures, open_set = (table.to_pandas() for table in tables)
    assert mixtures["components"].tolist() == [2] * 8 + [3] * 8
    assert (mixtures["correct"] <= mixtures["components"]).all()
    robust = pd.DataFrame({"disturbance": ["noise"], "n": [3], "top1": [0.51234]})
    text = report.to_markdown(identified, open_set, mixtures, robust, {"profile": "simulated"})
    assert "0.512" in text
    assert "- profile: simulated" in text
    assert f"- {report.conclusions(identified, mixtures)[0]}" in text
    nothing_right = mixtures.assign(correct=0, fraction_error=np.nan)
    assert "| – |" in report.to_markdown(identified, open_set, nothing_right, robust, {})
    worse = identified.assign(rank=9)
    assert "ours does not beat 1-NN" in report.conclusions(worse, mixtures)[0]
