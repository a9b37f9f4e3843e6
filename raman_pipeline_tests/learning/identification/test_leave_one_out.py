import numpy as np
import pytest

from raman_pipeline.learning.identification.leave_one_out import leave_one_specimen_out
from raman_pipeline.learning.identification.library import build_library
from raman_pipeline.learning.identification.search import EXCLUDED, by_specimen, search
from raman_pipeline_tests.learning.identification.minerals import GRID, drawn, unfitted_library


def test_only_the_own_specimen_is_left_out(library):
    held_out = leave_one_specimen_out(library)
    similarity = by_specimen(library, search(library, library.derivatives, library.valid))
    for i, row in enumerate(held_out.row):
        own = library.specimen[row]
        assert held_out.specimens[i, own] == EXCLUDED
        others = np.arange(len(library.specimens)) != own
        assert np.allclose(held_out.specimens[i, others], similarity[row, others], atol=1e-6)
        assert held_out.without_mineral[i, library.mineral[row]] == EXCLUDED
    assert (held_out.scores.argmax(axis=1) == library.mineral[held_out.row]).mean() > 0.9


def test_a_specimen_under_two_minerals_is_left_out_under_both():
    intensity, measured, rows = drawn()
    for row in rows:
        if row["rruff_id"] == "R0100":
            row["rruff_id"] = "R0000"
    library = build_library(intensity, measured, GRID, rows)
    held_out = leave_one_specimen_out(library)
    counts = set()
    for i, row in enumerate(held_out.row):
        same = np.array(library.specimens) == library.specimens[library.specimen[row]]
        assert (held_out.specimens[i, same] == EXCLUDED).all()
        counts.add(same.sum())
    assert counts == {1, 2}


def test_too_few_multi_specimen_minerals_are_refused():
    with pytest.raises(ValueError, match="2 minerals have two specimens; at least 5"):
        leave_one_specimen_out(unfitted_library(minerals=2))
