import dataclasses

import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.data.leakage import (
    LEAKAGE,
    count_siblings,
    leakage_shares,
    measure_leakage,
)
from raman_pipeline.learning.data.similarity import best_by_class, unit_root


def test_copies_of_the_test_set_in_training_are_found_and_disjoint_sets_have_none(small_problem):
    folds, tensor, covariates = small_problem
    none = measure_leakage(folds, tensor, covariates, "specimen")
    assert len(none) == folds["fold"].notna().sum()
    assert (none["siblings"] == 0).all()
    assert leakage_shares(none)["same_measurement"] == 0
    names = [f"{member_id} again" for member_id in tensor.member_ids]
    copies = folds.assign(member_id=names, fold=(folds["fold"] + 1) % 5)
    twice = dataclasses.replace(
        tensor,
        intensity=np.concatenate([tensor.intensity] * 2),
        member_ids=(*tensor.member_ids, *names),
    )
    both = pd.concat([folds, copies], ignore_index=True)
    lasers = pd.concat([covariates, covariates.assign(member_id=names)], ignore_index=True)
    found = measure_leakage(both, twice, lasers, "random")
    assert LEAKAGE.problems(LEAKAGE.from_frame(found)) == []
    assert leakage_shares(found) == {"same_specimen": 1, "same_measurement": 1, "near_duplicate": 1}
    # The copies of a specimen are in one fold; the specimen that lacks a spectrum has one less.
    assert found["siblings"].value_counts().to_dict() == {2: 176, 1: 2}
    np.testing.assert_allclose(found["similarity"], 1, atol=1e-5)
    assert list(found["fold"]) == sorted(both["fold"].dropna())
    # Under the split by specimen the copies are left out of training.
    assert leakage_shares(measure_leakage(both, twice, lasers, "specimen"))["same_specimen"] == 0


@pytest.mark.parametrize("split", ["random", "species"])
def test_the_nearest_is_the_maximum_over_all_training_spectra(small_problem, split):
    folds, tensor, covariates = small_problem
    found = measure_leakage(*small_problem, split)
    for fold in range(5):
        train, test = fold_train_test(folds, tensor, fold, split, covariates)
        every = unit_root(test.intensity) @ unit_root(train.intensity).T
        mine = found[found["fold"] == fold]
        assert mine["member_id"].tolist() == test.metadata["member_id"].tolist()
        nearest = every.max(axis=1, initial=0)
        np.testing.assert_allclose(mine["similarity"], nearest.clip(max=1), rtol=1e-6)


def test_siblings_are_twins_or_of_another_laser_or_of_another_scan(train_test):
    train, test = train_test[0].metadata[:4], train_test[1].metadata[:1]
    siblings = {
        "rruff_id": [test["rruff_id"][0]] * 3 + ["another"],
        "measurement_key": [test["measurement_key"][0], "scan", "laser", "other"],
        "wavelength_nm": [532.0, 532.0, 785.0, 532.0],
    }
    kinds = ["siblings", "same_measurement", "other_laser", "other_scan"]
    found = count_siblings(train.assign(**siblings), test)
    assert found[kinds].to_numpy().tolist() == [[3, True, 1, 1]]


def test_the_best_per_class_is_the_maximum_over_all_pairs(train_test):
    train, test = train_test
    query, reference = unit_root(test.intensity), unit_root(train.intensity)
    every = query @ reference.T
    expected = [every[:, train.label == label].max(axis=1) for label in range(3)]
    found = best_by_class(query, reference, train.label, 4)
    np.testing.assert_allclose(found.T, [*expected, np.full(len(test), -1)], rtol=1e-5)
