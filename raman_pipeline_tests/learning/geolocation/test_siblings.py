import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.geolocation.siblings import (
    MANY_SPECTRA,
    MAX_SIBLINGS,
    PAPER_SIBLINGS,
    accuracy_by_siblings,
    forecast,
)


def tables(siblings, right, rruff_id):
    """Returns predictions and leakage of spectra whose siblings are all paired."""
    ids = [f"m{i}" for i in range(len(siblings))]
    leakage = pd.DataFrame({"member_id": ids, "rruff_id": rruff_id, "siblings": siblings})
    kinds = {"same_measurement": leakage["siblings"] > 0, "other_laser": 0, "other_scan": 0}
    predicted = np.where(right, "Peru", "Chile")
    predictions = pd.DataFrame({"member_id": ids, "country": "Peru", "predicted": predicted})
    return predictions, leakage.assign(**kinds)


def test_accuracy_is_counted_by_number_and_kind_and_its_interval_follows_specimens():
    # 50 specimens, all spectra of one alike: as uncertain as 50 spectra, not as 500.
    siblings = [0, *[MAX_SIBLINGS, MAX_SIBLINGS + 9] * 250]
    rruff_id = ["R", *np.repeat(np.arange(50), 10).astype(str)]
    right = [False, *np.repeat(np.arange(50) < 25, 10)]
    none, many = accuracy_by_siblings(*tables(siblings, right, rruff_id), by_kind=True).itertuples()
    assert (none.kinds, none.siblings, none.n, none.accuracy.value) == ("none", 0, 1, 0)
    assert (many.kinds, many.siblings, many.n) == ("pair", MAX_SIBLINGS, 500)
    assert many.specimens == 50
    width = many.accuracy.high - many.accuracy.low
    assert width == pytest.approx(2 * 1.96 * (0.25 / 50) ** 0.5, rel=0.1)


def test_the_forecast_follows_the_curve_of_smaller_specimens_and_is_tried_on_larger_ones():
    rng = np.random.default_rng(1)
    small = rng.integers(1, 6, 20_000)
    siblings = np.concatenate([small, np.full(80 * MANY_SPECTRA, MANY_SPECTRA - 1)])
    true = 1 / (1 + siblings**-1.0)  # logit = log(siblings)
    rruff_id = [*(f"S{i}" for i in range(20_000)), *np.repeat(np.arange(80), MANY_SPECTRA)]
    found = forecast(*tables(siblings, rng.random(len(true)) < true, np.array(rruff_id, str)))
    assert found.paper.value == pytest.approx(1 / (1 + 1 / PAPER_SIBLINGS), abs=0.02)
    assert found.paper.low < found.paper.value < found.paper.high
    assert (found.specimens, found.n) == (80, 80 * MANY_SPECTRA)
    assert found.expected.value == pytest.approx(7 / 8, abs=0.02)
    assert found.observed.low < 7 / 8 < found.observed.high
    assert forecast(*tables([2, 2], [True, False], ["a", "b"])) is None
