import dataclasses

import numpy as np
import pandas as pd

from raman_pipeline.learning.data.leakage import (
    LEAKAGE,
    leakage_shares,
    measure_leakage,
)
from raman_pipeline.learning.data.similarity import best_by_class, unit_root


def test_copies_of_the_test_set_in_training_are_found_and_disjoint_sets_have_none(train_test):
    train, test = train_test
    none = measure_leakage(train, test, 0)
    assert (none["siblings"] == 0).all()
    assert leakage_shares(none)["same_measurement"] == 0
    both = dataclasses.replace(
        train,
        intensity=np.concatenate([train.intensity, test.intensity]),
        label=np.concatenate([train.label, test.label]),
        metadata=pd.concat([train.metadata, test.metadata], ignore_index=True),
    )
    found = measure_leakage(both, test, 2)
    assert LEAKAGE.problems(LEAKAGE.from_frame(found)) == []
    assert leakage_shares(found) == {"same_specimen": 1, "same_measurement": 1, "near_duplicate": 1}
    own = test.metadata["rruff_id"].map(test.metadata["rruff_id"].value_counts())
    np.testing.assert_array_equal(found["siblings"], own)
    np.testing.assert_allclose(found["similarity"], 1, atol=1e-5)
    assert set(found["fold"]) == {2}


def test_siblings_are_twins_or_of_another_laser_or_of_another_scan(train_test):
    test = train_test[1].subset(np.array([0]))
    train = train_test[0].subset(np.arange(4))
    siblings = {
        "rruff_id": [test.metadata["rruff_id"][0]] * 3 + ["another"],
        "measurement_key": [test.metadata["measurement_key"][0], "scan", "laser", "other"],
        "wavelength_nm": [532.0, 532.0, 785.0, 532.0],
    }
    train = dataclasses.replace(train, metadata=train.metadata.assign(**siblings))
    kinds = ["siblings", "same_measurement", "other_laser", "other_scan"]
    assert measure_leakage(train, test, 0)[kinds].to_numpy().tolist() == [[3, True, 1, 1]]


def test_the_best_per_class_is_the_maximum_over_all_pairs(train_test):
    train, test = train_test
    query, reference = unit_root(test.intensity), unit_root(train.intensity)
    every = query @ reference.T
    expected = [every[:, train.label == label].max(axis=1) for label in range(3)]
    found = best_by_class(query, reference, train.label, 4)
    np.testing.assert_allclose(found.T, [*expected, np.full(len(test), -1)], rtol=1e-5)
