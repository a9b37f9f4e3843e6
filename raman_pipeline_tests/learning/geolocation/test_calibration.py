import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from raman_pipeline.learning.geolocation.calibration import (
    COVERAGE_LEVELS,
    brier,
    conformal_sets,
    expected_calibration_error,
    fit_calibrator,
    log_loss,
    reliability,
    smoothed,
    temperature_scaled,
)


def random_problem(seed, n=4000, classes=6, sharpness=1.0):
    """Labels drawn from known probabilities, and those probabilities at another temperature."""
    rng = np.random.default_rng(seed)
    truth = smoothed(rng.dirichlet(np.full(classes, 0.7), n), n)
    label = (truth.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return temperature_scaled(truth, 1 / sharpness), label


@given(st.integers(0, 50), st.sampled_from([0.4, 1.0, 2.0, 3.0]), st.sampled_from([0.0, 0.4]))
@settings(max_examples=10)
def test_a_known_temperature_and_prior_weight_are_recovered(seed, temperature, share):
    rng = np.random.default_rng(seed)
    prior = np.array([0.5, 0.2, 0.1, 0.1, 0.06, 0.04])
    predicted, label = random_problem(seed, n=6000, sharpness=temperature)
    drawn = rng.random(len(label)) < share
    label = np.where(drawn, rng.choice(6, len(label), p=prior), label)
    found = fit_calibrator(predicted, label, prior)
    assert found.temperature == pytest.approx(temperature, rel=0.2)
    assert found.prior_weight == pytest.approx(share, abs=0.08)
    after, before = (p[np.arange(len(label)), label] for p in (found(predicted), predicted))
    assert log_loss(after) <= log_loss(before)


def test_temperature_scaling_keeps_the_order_and_losses_are_those_of_scikit_learn():
    predicted, label = random_problem(0)
    of_label = predicted[np.arange(len(label)), label]
    assert log_loss(of_label) == pytest.approx(sklearn_log_loss(label, predicted), rel=1e-12)
    expected = brier_score_loss(label, predicted, labels=range(6), scale_by_half=False)
    assert brier(predicted, label).mean() == pytest.approx(expected)
    for temperature in (0.2, 5.0):
        found = temperature_scaled(predicted, temperature)
        np.testing.assert_array_equal(found.argsort(axis=1), predicted.argsort(axis=1))
    assert smoothed(np.array([[1.0, 0, 0]]), 9)[0] == pytest.approx([1 - 1 / 15, 1 / 30, 1 / 30])


def test_reliability_of_calibrated_and_overconfident_probabilities():
    predicted, label = random_problem(2, n=20_000)
    right = predicted.argmax(axis=1) == label
    found = reliability(predicted.max(axis=1), right)
    assert found["n"].sum() == len(label)
    assert expected_calibration_error(found) < 0.02
    boastful = temperature_scaled(predicted, 0.2).max(axis=1)
    assert expected_calibration_error(reliability(boastful, right)) > 0.1


def test_sets_cover_what_they_state():
    predicted, label = random_problem(3, n=8000)
    half = 4000
    sets = conformal_sets(predicted[:half], label[:half], predicted[half:])
    assert sets.shape == (half, 6, len(COVERAGE_LEVELS))
    measured = sets[np.arange(half), label[half:]].mean(axis=0)
    np.testing.assert_allclose(measured, COVERAGE_LEVELS, atol=0.025)
    # A set of higher coverage holds those of lower coverage.
    assert (np.diff(sets.astype(int), axis=2) >= 0).all()
