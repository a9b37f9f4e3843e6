import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.calibration import (
    COVERAGE_LEVELS,
    Calibration,
    Calibrator,
    Predicted,
    brier,
    conformal_sets,
    expected_calibration_error,
    fit_calibrator,
    log_loss,
    reliability,
    smoothed,
    temperature_scaled,
)
from raman_pipeline.learning.geolocation.metrics import (
    PREDICTIONS,
    abstention,
    coverages,
    per_country,
    predictions_table,
    summarise,
)

PRIOR = np.full(3, 1 / 3)


def table(scores, train_test):
    """Predictions of a model that knew every label of its validation."""
    label = train_test[0].label
    known = smoothed(np.eye(3)[label], 100)
    calibration = Calibration(Calibrator(1.0, 0.0, PRIOR), 400.0, known, label, {}, ())
    found = predictions_table(Predicted(smoothed(scores, 1000), calibration), *train_test)
    assert PREDICTIONS.problems(found) == []
    return found.to_pandas()


class TestPredictions:
    def test_ties_go_to_the_commoner_country(self, train_test):
        train, test = train_test
        found = table(np.full((len(test), 3), 1 / 3), train_test)
        assert set(found["predicted"]) == {train.classes[np.bincount(train.label).argmax()]}
        assert set(found["rank"]) == {1, 2, 3}

    def test_calibrating_changes_no_label(self, train_test):
        label = train_test[0].label
        known = smoothed(np.eye(3)[label], 100)
        scores = smoothed(np.tile([0.2, 0.35, 0.45], (len(train_test[1]), 1)), 1000)
        calibrator = Calibrator(3.0, 0.9, np.array([0.8, 0.1, 0.1]))
        calibration = Calibration(calibrator, 400.0, known, label, {}, ())
        found = predictions_table(Predicted(scores, calibration), *train_test).to_pandas()
        assert set(found["predicted"]) == {"Peru"}
        assert found["probability"].max() < 0.2

    def test_perfect_and_wrong(self, train_test):
        right = np.eye(3)[train_test[1].label]
        scores = summarise(table(right, train_test))
        assert (scores["accuracy"], scores["macro_f1"], scores["top5"]) == (1, 1, 1)
        assert scores["log_loss"] < 0.01
        assert scores["coverage_90"] == 1
        wrong = summarise(table(np.roll(right, 1, axis=1), train_test))
        assert (wrong["accuracy"], wrong["macro_f1"], wrong["top5"]) == (0, 0, 1)
        assert wrong["brier"] == pytest.approx(2, abs=0.02)
        assert wrong["ece"] > 0.9

    def test_seen_specimens_are_told_apart(self, train_test):
        train, test = train_test
        right = np.eye(3)[test.label]
        assert not table(right, train_test)["specimen_in_training"].any()
        leaked = dataclasses.replace(train, metadata=train.metadata.assign(rruff_id="R0"))
        seen = table(right, (leaked, test))
        assert seen["specimen_in_training"].sum() == (test.metadata["rruff_id"] == "R0").sum() == 1

    def test_positions_count_only_where_they_are_known(self, train_test):
        found = table(np.eye(3)[train_test[1].label], train_test)
        known = found["country"] != "Peru"
        np.testing.assert_array_equal(found["distance_km"].notna(), known)
        np.testing.assert_array_equal(found["log_density"].notna(), known)
        assert found.loc[known, "distance_km"].max() < 100
        assert found.loc[known, "log_density"].min() > 3

    def test_per_country(self, train_test):
        found = per_country(table(np.eye(3)[train_test[1].label], train_test))
        assert list(found["country"]) == ["Brazil", "Chile", "Peru"]
        assert found["n"].sum() == len(train_test[1])
        assert (found[["f1", "precision", "recall"]] == 1).all(axis=None)

    def test_abstaining_orders_by_confidence(self):
        frame = pd.DataFrame(
            {"country": list("aab"), "predicted": list("aaa"), "probability": [0.9, 0.8, 0.4]}
        )
        found = abstention(frame)
        assert found["accuracy"].round(3).tolist() == [1, 1, 0.667]
        assert found["answered"].tolist()[-1] == 1


def random_problem(seed, n=4000, classes=6, sharpness=1.0):
    """Labels drawn from known probabilities, and those probabilities at another temperature."""
    rng = np.random.default_rng(seed)
    truth = smoothed(rng.dirichlet(np.full(classes, 0.7), n), n)
    label = (truth.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return temperature_scaled(truth, 1 / sharpness), label


class TestCalibration:
    @given(st.integers(0, 50), st.sampled_from([0.4, 1.0, 3.0]))
    def test_the_temperature_that_was_put_in_is_found(self, seed, sharpness):
        stated, label = random_problem(seed, sharpness=sharpness)
        found = fit_calibrator(stated, label, np.full(6, 1 / 6))
        assert found.temperature == pytest.approx(sharpness, rel=0.2)
        assert found.prior_weight < 0.1

    @given(st.integers(0, 20), st.sampled_from([0.0, 0.4]))
    def test_the_share_of_the_prior_that_was_put_in_is_found(self, seed, share):
        rng = np.random.default_rng(seed)
        prior = np.array([0.5, 0.2, 0.1, 0.1, 0.06, 0.04])
        stated, label = random_problem(seed, n=6000)
        drawn = rng.random(len(label)) < share
        label = np.where(drawn, rng.choice(6, len(label), p=prior), label)
        found = fit_calibrator(temperature_scaled(stated, 0.5), label, prior)
        assert found.temperature == pytest.approx(2, rel=0.2)
        assert found.prior_weight == pytest.approx(share, abs=0.08)
        uncalibrated = temperature_scaled(stated, 0.5)
        after, before = (
            p[np.arange(len(label)), label] for p in (found(uncalibrated), uncalibrated)
        )
        assert log_loss(after) <= log_loss(before)

    def test_tempering_never_reorders(self):
        stated, _ = random_problem(0)
        for temperature in (0.2, 5.0):
            np.testing.assert_array_equal(
                temperature_scaled(stated, temperature).argsort(axis=1), stated.argsort(axis=1)
            )

    def test_flooring_keeps_the_sum_and_leaves_nothing_impossible(self):
        found = smoothed(np.array([[1.0, 0.0, 0.0]]), 9)
        assert found.sum() == pytest.approx(1)
        assert (found > 0).all()

    def test_brier_and_log_loss_are_those_of_scikit_learn(self):
        stated, label = random_problem(1)
        of_label = stated[np.arange(len(label)), label]
        assert log_loss(of_label) == pytest.approx(sklearn_log_loss(label, stated), rel=1e-12)
        expected = brier_score_loss(label, stated, labels=range(6), scale_by_half=False)
        assert brier(stated, label).mean() == pytest.approx(expected)

    def test_reliability_of_honest_and_of_boastful_probabilities(self):
        stated, label = random_problem(2, n=20_000)
        right = stated.argmax(axis=1) == label
        found = reliability(stated.max(axis=1), right)
        assert found["n"].sum() == len(label)
        assert expected_calibration_error(found) < 0.02
        boastful = temperature_scaled(stated, 0.2).max(axis=1)
        assert expected_calibration_error(reliability(boastful, right)) > 0.1

    def test_sets_cover_what_they_state(self):
        stated, label = random_problem(3, n=8000)
        half = 4000
        sets = conformal_sets(stated[:half], label[:half], stated[half:])
        assert sets.shape == (half, 6, len(COVERAGE_LEVELS))
        measured = sets[np.arange(half), label[half:]].mean(axis=0)
        np.testing.assert_allclose(measured, COVERAGE_LEVELS, atol=0.025)
        # A set of higher coverage holds those of lower coverage.
        assert (np.diff(sets.astype(int), axis=2) >= 0).all()

    def test_it_survives_storage(self, tmp_path):
        stated, label = random_problem(5, n=50)
        calibrator = Calibrator(1.5, 0.2, np.full(6, 1 / 6))
        trials = (({"C": 1.0}, 0.3),)
        calibration = Calibration(calibrator, 400.0, stated, label, {"C": 1.0}, trials)
        calibration.added_to(ModelState({"w": np.ones(2)}, {"a": 1})).write(tmp_path / "m")
        found = ModelState.read(tmp_path / "m")
        assert found.metadata["a"] == 1
        again = Calibration.of(found)
        np.testing.assert_array_equal(again.calibrator(stated), calibrator(stated))
        np.testing.assert_array_equal(again.scores, stated)
        assert (again.hyperparameters, again.trials) == ({"C": 1.0}, trials)


def test_coverages_by_spectrum_and_by_specimen():
    yes, no = [1] * len(COVERAGE_LEVELS), [0] * len(COVERAGE_LEVELS)
    frame = pd.DataFrame(
        {
            "rruff_id": ["R1", "R1", "R2"],
            "in_set": [yes, yes, no],
            "set_size": [[2] * len(COVERAGE_LEVELS)] * 3,
        }
    )
    found = coverages(frame)
    assert found["spectra"].round(3).unique().tolist() == [0.667]
    assert found["specimens"].unique().tolist() == [0.5]
    assert found["size"].unique().tolist() == [2]
