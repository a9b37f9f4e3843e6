import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.data.selection import select_spectra
from raman_pipeline.learning.data.splits import (
    FOLDS,
    SPLITS,
    assign_folds,
    groups_in_several_folds,
    groups_of,
    seen_specimen_share,
)


def selection_of(specimens, minerals, countries):
    return pd.DataFrame(
        {
            "member_id": [f"m{i}" for i in range(len(specimens))],
            "rruff_id": [f"R{s}" for s in specimens],
            "mineral": [f"mineral{m}" for m in minerals],
            "locality": [f"place{s // 2}" for s in specimens],
            "country": countries,
            "excluded": pd.Series([None] * len(specimens), dtype="str"),
        }
    )


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("seed", range(4))
def test_no_group_is_in_two_folds_and_no_row_is_lost(split, seed):
    rng = np.random.default_rng(seed)
    specimens = rng.integers(0, 26, 60)
    # Some specimens have a second name.
    minerals = np.where(rng.random(60) < 0.05, 0, specimens // 2)
    selection = selection_of(specimens, minerals, rng.choice(list("ABC"), 26)[specimens])
    table = assign_folds(selection, split, 3, seed)
    assert FOLDS.problems(table) == []
    folds = table.to_pandas()
    assert list(folds["member_id"]) == list(selection["member_id"])
    assert folds["fold"].notna().all()
    assert not any(groups_in_several_folds(folds, split).values())
    if split != "random":
        assert seen_specimen_share(folds) == 0
    assert table.equals(assign_folds(selection, split, 3, seed))


def test_a_specimen_with_two_names_ties_its_species_together():
    frame = selection_of([1, 1, 2, 3], [0, 1, 1, 2], list("AAAA"))
    groups = groups_of(frame, "species")
    assert groups[0] == groups[1] == groups[2] != groups[3]
    of_locality = groups_of(frame.assign(locality=frame["mineral"]), "locality")
    assert of_locality.tolist() == groups.tolist()
    assert groups_of(frame, "random") is None
    with pytest.raises(ValueError, match="4 folds need at least as many groups.*split has 3"):
        assign_folds(frame, "specimen", 4, 0)


def test_every_row_is_kept_with_the_first_reason_for_exclusion():
    n = None
    spectra = pd.DataFrame(
        {
            "member_id": list("abcdefghi"),
            "rruff_id": ["R1", "R1", n, "R2", "R3", "R4", "R5", "R1", "R9"],
            "mineral": ["Quartz"] * 3 + [n] + ["Quartz"] * 5,
            "kind": ["RAW" if m in "be" else "Processed" for m in "abcdefghi"],
            "locality": n,
        }
    )
    samples = pd.DataFrame(
        {
            "rruff_id": ["R1", "R2", "R3", "R4", "R5"],
            "country": ["Brazil", "Brazil", n, n, "Peru"],
            "is_synthetic": [False, False, True, False, False],
        }
    )
    selection = select_spectra(spectra, samples, ["Processed"], 2)
    assert selection.set_index("member_id")["excluded"].dropna().to_dict() == {
        "b": "kind", "c": "no_specimen", "d": "no_mineral", "e": "synthetic", "f": "no_country",
        "g": "rare_country", "i": "no_country",
    }  # fmt: skip
    both = select_spectra(spectra, samples, ["RAW", "Processed"], 2)
    assert both["excluded"].isna().sum() == 3
