import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.data.selection import select_spectra
from raman_pipeline.learning.data.splits import (
    DEALT_FOLDS,
    FOLDS,
    LEAK_SPECIMENS,
    SPLITS,
    assign_folds,
    deal_folds,
    folds_version,
    groups_of,
    seen_specimen_share,
    tied_values,
    training_rows,
)


def selection_of(specimens, minerals, countries):
    return pd.DataFrame(
        {
            "member_id": [f"m{i}" for i in range(len(specimens))],
            "measurement_key": [f"s{i // 2}" for i in range(len(specimens))],
            "rruff_id": [f"R{s}" for s in specimens],
            "mineral": [f"mineral{m}" for m in minerals],
            "site": [f"place{s // 2}" for s in specimens],
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
    assert not any(tied_values(folds, split).values())
    if split not in LEAK_SPECIMENS:
        assert seen_specimen_share(folds) == 0
    assert table.equals(assign_folds(selection, split, 3, seed))


def test_a_specimen_with_two_names_ties_its_species_together():
    frame = selection_of([1, 1, 2, 3], [0, 1, 1, 2], list("AAAA"))
    groups = groups_of(frame, "species")
    assert groups[0] == groups[1] == groups[2] != groups[3]
    of_locality = groups_of(frame.assign(site=frame["mineral"]), "locality")
    assert of_locality.tolist() == groups.tolist()
    assert groups_of(frame, "random").tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="4 folds need at least as many groups.*split has 3"):
        assign_folds(frame, "specimen", 4, 0)


@pytest.mark.parametrize("split", SPLITS)
def test_ten_updates_move_no_fold_and_keep_folds_even(split):
    rng = np.random.default_rng(7)
    n = 1500
    specimens = rng.integers(0, 500, n)
    country = rng.choice(list("ABCDEF"), 500, p=[0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
    minerals = rng.integers(0, 160, 500)
    all_rows = selection_of(specimens, minerals[specimens], country[specimens])
    ledger, former = DEALT_FOLDS.arrow.empty_table(), None
    for update in range(10):
        # Of each update a tenth is new; some members are gone, some minerals and sites corrected.
        rows = all_rows.iloc[: 600 + 90 * update]
        rows = rows[rng.random(len(rows)) > 0.02].reset_index(drop=True)
        renamed = rng.random(len(rows)) < 0.003
        rows.loc[renamed, "mineral"] = rng.choice(all_rows["mineral"], renamed.sum())
        rows.loc[renamed, "site"] = rng.choice(all_rows["site"], renamed.sum())
        folds, ledger = deal_folds(rows, split, 5, 0, [ledger])
        again, same = deal_folds(rows.sample(frac=1, random_state=1), split, 5, 0, [ledger])
        assert folds_version(again, same) == folds_version(folds, ledger)
        frame = folds.to_pandas()
        now = frame.set_index("member_id")["fold"]
        assert now.equals(again.to_pandas().set_index("member_id")["fold"].loc[now.index])
        if former is not None:
            both = now.index.intersection(former.index)
            assert (now[both] == former[both]).all()
        former = now if former is None else pd.concat([former[~former.index.isin(now.index)], now])
        for fold in range(5):
            test = (frame["fold"] == fold).to_numpy()
            train = training_rows(frame, test, split)
            lost = 1 - train.sum() / (~test).sum()
            assert lost < (0.1 if split in ("locality", "species") else 0.01)
            for column in {"specimen": ["rruff_id"], "species": ["mineral"]}.get(split, []):
                assert not set(frame[column][train]) & set(frame[column][test])
        sizes = frame["fold"].value_counts()
        # Renamed members tie groups here ten times as often as in the real update.
        tolerance = 0.3 if split in ("locality", "species") else 0.1
        assert sizes.max() - sizes.min() < tolerance * len(frame) / 5
        commonest = frame[frame["country"] == "A"]["fold"].value_counts()
        assert commonest.max() - commonest.min() < 2 * tolerance * commonest.mean()


def test_every_row_is_kept_with_the_first_reason_for_exclusion():
    n = None
    spectra = pd.DataFrame(
        {
            "member_id": list("abcdefghi"),
            "rruff_id": ["R1", "R1", n, "R2", "R3", "R4", "R5", "R1", "R9"],
            "mineral": ["Quartz"] * 3 + [n] + ["Quartz"] * 5,
            "kind": ["RAW" if m in "be" else "Processed" for m in "abcdefghi"],
            "measurement_key": n,
        }
    )
    samples = pd.DataFrame(
        {
            "rruff_id": ["R1", "R2", "R3", "R4", "R5"],
            "country": ["Brazil", "Brazil", n, n, "Peru"],
            "is_synthetic": [False, False, True, False, False],
            "site": "here",
        }
    )
    selection = select_spectra(spectra, samples, ["Processed"], 2)
    assert selection.set_index("member_id")["excluded"].dropna().to_dict() == {
        "b": "kind", "c": "no_specimen", "d": "no_mineral", "e": "synthetic", "f": "no_country",
        "g": "rare_country", "i": "no_country",
    }  # fmt: skip
    both = select_spectra(spectra, samples, ["RAW", "Processed"], 2)
    assert both["excluded"].isna().sum() == 3
