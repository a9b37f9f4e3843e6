from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raman_pipeline.learning.geolocation.significance import (
    fit_power_law,
    mineral_ceiling,
    paired_test,
)


def law_runs(exponent, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(product(range(5), (100, 200, 400, 800)), columns=["fold", "specimens"])
    loss = 5 * frame["specimens"] ** -exponent
    return frame.assign(log_loss=loss * np.exp(noise * rng.normal(size=len(frame))))


def test_a_known_power_law_is_recovered_with_its_interval():
    exact = fit_power_law(law_runs(0.3))
    assert exact.exponent == pytest.approx(0.3)
    assert exact.scale == pytest.approx(5)
    assert exact.at(200) == pytest.approx(5 * 200**-0.3)
    noisy = [fit_power_law(law_runs(0.3, 0.05, seed)) for seed in range(100)]
    assert 88 <= sum(law.low < 0.3 < law.high for law in noisy) <= 100
    assert all(0 < law.high - law.low < 0.2 for law in noisy)


def paired(lead, noise):
    rng = np.random.default_rng(1)
    rows = []
    for seed, fold in product(range(3), range(5)):
        base = 0.3 + 0.05 * rng.normal()
        both = {"baseline": base, "model": base + lead + noise * rng.normal()}
        run = {"seed": seed, "fold": fold, "n": 200, "training": 800}
        rows += [run | {"variant": v, "accuracy": a} for v, a in both.items()]
    return pd.DataFrame(rows)


def test_the_mineral_ceiling_of_known_frequencies():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"mineral": [f"m{i // 40}" for i in range(20_000)]})
    rows["country"] = rng.choice(list("abc"), len(rows), p=[0.5, 0.3, 0.2])
    found = mineral_ceiling(rows)
    assert found.share == 1
    assert found.agreement == pytest.approx(0.25 + 0.09 + 0.04, abs=0.01)
    assert found.at_most >= 0.5
    alone = pd.DataFrame({"mineral": ["a", "b", "b"], "country": ["x", "x", "x"]})
    assert mineral_ceiling(alone).share == pytest.approx(2 / 3)
    assert mineral_ceiling(alone).at_most == 1
    assert mineral_ceiling(alone.head(1)).share == 0


def test_a_large_difference_is_significant_and_a_small_one_is_not():
    clear = paired_test(paired(0.05, 0.01), "model", "baseline", "accuracy")
    assert clear.runs == 15
    assert clear.low > 0
    assert clear.p_value < 0.001
    faint = paired_test(paired(0.002, 0.02), "model", "baseline", "accuracy")
    assert faint.low < 0 < faint.high
    assert faint.p_value > 0.1
    equal = paired_test(paired(0.0, 0.0), "model", "baseline", "accuracy")
    assert (equal.difference, equal.p_value) == (0.0, 1.0)
    # Wider than the naive test: (1/15 + 1/4) instead of 1/15 of the variance.
    runs = paired(0.01, 0.02)
    wide = runs.pivot(index=["seed", "fold"], columns="variant", values="accuracy")
    naive = stats.ttest_rel(wide["model"], wide["baseline"])
    found = paired_test(runs, "model", "baseline", "accuracy")
    assert found.difference == pytest.approx((wide["model"] - wide["baseline"]).mean())
    half = naive.confidence_interval(0.95).high - found.difference
    assert found.high - found.difference == pytest.approx(half * np.sqrt(1 + 15 / 4))
