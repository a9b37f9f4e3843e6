import dataclasses

import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.geolocation.calibration import (
    COVERAGE_LEVELS,
    Calibration,
    Calibrator,
    Predicted,
    smoothed,
)
from raman_pipeline.learning.geolocation.metrics import (
    PREDICTIONS,
    abstention,
    coverages,
    per_country,
    predictions_table,
    summarise,
)

CALIBRATOR = Calibrator(1.0, 0.0, np.full(3, 1 / 3))


def table(scores, train_test, calibrator=CALIBRATOR):
    """Predictions of a model that knew every label of its validation."""
    label = train_test[0].label
    known = smoothed(np.eye(3)[label], 100)
    calibration = Calibration(calibrator, 400.0, known, label, {}, ())
    found = predictions_table(Predicted(smoothed(scores, 1000), calibration), *train_test)
    assert PREDICTIONS.problems(found) == []
    return found.to_pandas()


def test_ties_go_to_the_more_frequent_country(train_test):
    train, test = train_test
    found = table(np.full((len(test), 3), 1 / 3), train_test)
    assert set(found["predicted"]) == {train.classes[np.bincount(train.label).argmax()]}
    assert set(found["rank"]) == {1, 2, 3}
    # Calibration changes no label.
    scores = np.tile([0.2, 0.35, 0.45], (len(test), 1))
    found = table(scores, train_test, Calibrator(3.0, 0.9, np.array([0.8, 0.1, 0.1])))
    assert set(found["predicted"]) == {"Peru"}
    assert found["probability"].max() < 0.2


def test_metrics_of_perfect_and_of_wrong_predictions(train_test):
    right = np.eye(3)[train_test[1].label]
    found = table(right, train_test)
    scores = summarise(found)
    assert (scores["accuracy"], scores["macro_f1"], scores["top5"]) == (1, 1, 1)
    assert scores["log_loss"] < 0.01
    assert scores["coverage_90"] == 1
    # Peru has no known positions.
    known = found["country"] != "Peru"
    np.testing.assert_array_equal(found["distance_km"].notna(), known)
    np.testing.assert_array_equal(found["log_density"].notna(), known)
    assert found.loc[known, "distance_km"].max() < 100
    assert found.loc[known, "log_density"].min() > 3
    by_country = per_country(found)
    assert list(by_country["country"]) == ["Brazil", "Chile", "Peru"]
    assert by_country["n"].sum() == len(train_test[1])
    assert (by_country[["f1", "precision", "recall"]] == 1).all(axis=None)
    wrong = summarise(table(np.roll(right, 1, axis=1), train_test))
    assert (wrong["accuracy"], wrong["macro_f1"], wrong["top5"]) == (0, 0, 1)
    assert wrong["brier"] == pytest.approx(2, abs=0.02)
    assert wrong["ece"] > 0.9


def test_seen_specimens_are_marked(train_test):
    train, test = train_test
    right = np.eye(3)[test.label]
    assert not table(right, train_test)["specimen_in_training"].any()
    leaked = dataclasses.replace(train, metadata=train.metadata.assign(rruff_id="R0"))
    seen = table(right, (leaked, test))
    assert seen["specimen_in_training"].sum() == (test.metadata["rruff_id"] == "R0").sum() == 1


def test_abstention_by_confidence_and_coverage_by_spectrum_and_by_specimen():
    yes, no = np.ones((2, len(COVERAGE_LEVELS)), int) * [[1], [0]]
    frame = pd.DataFrame(
        {
            "rruff_id": ["R1", "R1", "R2"],
            "country": list("aab"),
            "predicted": "a",
            "probability": [0.9, 0.8, 0.4],
            "in_set": [yes, yes, no],
            "set_size": [2 * yes] * 3,
        }
    )
    answered = abstention(frame)
    assert answered["accuracy"].round(3).tolist() == [1, 1, 0.667]
    assert answered["answered"].tolist()[-1] == 1
    found = coverages(frame)[["spectra", "specimens", "size"]].drop_duplicates()
    np.testing.assert_allclose(found, [[2 / 3, 0.5, 2]])
