import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raman_pipeline.learning.data.splits import (
    FOLDS,
    SPLITS,
    assign_folds,
    groups_in_several_folds,
    groups_of,
    seen_specimen_share,
)


@st.composite
def selections(draw):
    n = draw(st.integers(12, 60))
    specimens = draw(st.lists(st.integers(0, 25), min_size=n, max_size=n))
    minerals = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    countries = draw(st.lists(st.sampled_from("ABC"), min_size=26, max_size=26))
    return pd.DataFrame(
        {
            "member_id": [f"m{i}" for i in range(n)],
            "rruff_id": [f"R{s}" for s in specimens],
            "mineral": [f"mineral{m}" for m in minerals],
            "locality": [f"place{s // 2}" for s in specimens],
            "country": [countries[s] for s in specimens],
            "excluded": pd.Series([None] * n, dtype="str"),
        }
    )


@given(selections(), st.sampled_from(SPLITS), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_no_group_is_in_two_folds_and_no_row_is_lost(selection, split, seed):
    try:
        table = assign_folds(selection, split, 3, seed)
    except ValueError as error:
        assert "folds need at least" in str(error) or "n_splits=3" in str(error)
        return
    assert FOLDS.problems(table) == []
    folds = table.to_pandas()
    assert list(folds["member_id"]) == list(selection["member_id"])
    assert folds["fold"].notna().all()
    assert not any(groups_in_several_folds(folds, split).values())
    if split != "random":
        assert seen_specimen_share(folds) == 0
    assert table.equals(assign_folds(selection, split, 3, seed))


@given(selections())
@settings(max_examples=30, deadline=None)
def test_rows_that_share_a_value_are_one_group(selection):
    groups = pd.Series(groups_of(selection, "species"))
    for column in ("mineral", "rruff_id"):
        assert (groups.groupby(selection[column]).nunique() == 1).all()


def test_a_specimen_with_two_names_ties_its_species_together():
    frame = pd.DataFrame({"mineral": ["a", "b", "b", "c"], "rruff_id": ["R1", "R1", "R2", "R3"]})
    groups = groups_of(frame, "species")
    assert groups[0] == groups[1] == groups[2] != groups[3]
    assert groups_of(frame, "random") is None


def test_too_few_groups_are_refused():
    frame = pd.DataFrame(
        {
            "member_id": ["a", "b", "c"],
            "rruff_id": ["R1"] * 3,
            "mineral": ["m"] * 3,
            "locality": ["p"] * 3,
            "country": ["A"] * 3,
            "excluded": pd.Series([None] * 3, dtype="str"),
        }
    )
    with pytest.raises(
        ValueError, match="3 folds need at least as many groups.*specimen split has 1"
    ):
        assign_folds(frame, "specimen", 3, 0)
