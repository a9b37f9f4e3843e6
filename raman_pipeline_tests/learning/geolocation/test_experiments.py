from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.geolocation.duplicate_effect import duplicate_effect, with_duplicates
from raman_pipeline.learning.geolocation.experiments import (
    ABLATION,
    EXPERIMENT_RUNS,
    MEMORISED,
    N_ABLATION_VARIANTS,
    SHARES,
    ExperimentData,
    ablate_inputs,
    compare_families,
    learning_curve,
    subsample_specimens,
)
from raman_pipeline.learning.geolocation.significance import (
    fit_power_law,
    mineral_ceiling,
    paired_test,
)
from raman_pipeline.spectra.tensor_file import SpectrumTensor


@pytest.fixture(scope="module")
def study(train_test):
    """All rows of the small problem, as a study draws its folds from them."""
    both: list[LabelledSpectra] = list(train_test)
    rows = pd.concat([side.metadata for side in both], ignore_index=True)
    covariates = [
        *("member_id", "measurement_key", "wavelength_nm", "ideal_composition"),
        *("measured_composition", "latitude", "longitude"),
    ]
    tensor = SpectrumTensor(
        np.concatenate([side.intensity for side in both]),
        both[0].grid,
        tuple(rows["member_id"]),
    )
    folds = rows.drop(columns=covariates[1:]).assign(group=0, excluded=None)
    return ExperimentData(folds, tensor, rows[covariates], 5, trees=20)


def test_every_fold_and_seed_is_run_and_told(study):
    told = []
    table = compare_families(study, ["majority", "nearest_neighbour"], (0, 1), told.append)
    assert EXPERIMENT_RUNS.problems(table) == []
    runs = table.to_pandas()
    assert len(runs) == len(told) == 2 * 2 * 5
    assert runs.groupby(["variant", "seed"])["n"].sum().unique().tolist() == [len(study.rows)]
    assert (runs.loc[runs["variant"] == "nearest_neighbour", "accuracy"] == 1).all()


def test_no_specimen_stands_on_both_sides_under_any_seed(study):
    for seed in (0, 1):
        for fold in study.folds(seed):
            assert not set(fold.train.metadata["rruff_id"]) & set(fold.test.metadata["rruff_id"])


def test_ablation_runs_every_set_of_inputs_and_every_look_up(study):
    told = []
    # A donor that gives from one country only is known by it.
    covariates = study.covariates.merge(study.rows[["member_id", "country"]], on="member_id")
    known = replace(study, covariates=covariates.rename(columns={"country": "source"}), n_folds=2)
    runs = ablate_inputs(known, 0, told.append).to_pandas()
    assert len(told) == N_ABLATION_VARIANTS * 2
    assert set(runs["variant"]) == {" + ".join(inputs) for inputs in ABLATION} | set(MEMORISED)
    by_variant = runs.groupby("variant")["accuracy"].mean()
    assert by_variant["donor (memorisation)"] == 1
    assert by_variant["spectrum"] > by_variant["laser"]


def test_shares_are_nested_and_of_specimens(study):
    train = next(study.folds(0)).train
    kept = [set(subsample_specimens(train, s, 3).metadata["rruff_id"]) for s in SHARES]
    for smaller, larger in pairwise(kept):
        assert smaller < larger
    whole = train.metadata["rruff_id"].nunique()
    assert [len(k) for k in kept] == [round(s * whole) for s in SHARES]
    some = subsample_specimens(train, 0.4, 3)
    counts = train.metadata["rruff_id"].value_counts()
    assert (
        some.metadata["rruff_id"].value_counts() == counts[some.metadata["rruff_id"].unique()]
    ).all()


def test_the_scaling_curve_has_every_share(study):
    runs = learning_curve(study, ["majority"], 0, lambda run: None).to_pandas()
    assert runs.groupby("fold")["share"].apply(list).map(tuple).unique().tolist() == [SHARES]
    assert runs.loc[runs["share"] == 1, "specimens"].min() > 20


class TestDuplicates:
    def test_every_spectrum_gets_a_duplicate_of_its_specimen(self, study):
        doubled = with_duplicates(study, 0)
        assert len(doubled.rows) == 2 * len(study.rows)
        assert doubled.rows["member_id"].is_unique
        assert (
            doubled.rows["rruff_id"]
            .value_counts()
            .equals(2 * study.rows["rruff_id"].value_counts())
        )
        n = len(study.rows)
        np.testing.assert_array_equal(doubled.tensor.intensity[:n], study.tensor.intensity)
        assert not np.allclose(doubled.tensor.intensity[n:], study.tensor.intensity)

    def test_duplicates_help_under_the_random_split_only(self, study):
        # Labels independent of the spectra: only duplicates can be classified.
        rng = np.random.default_rng(0)
        rows = study.rows.assign(country=rng.permutation(study.rows["country"].to_numpy()))
        noisy = np.random.default_rng(1).random(study.tensor.intensity.shape).astype(np.float32)
        tensor = SpectrumTensor(noisy, study.tensor.grid, study.tensor.member_ids)
        runs = duplicate_effect(replace(study, rows=rows, tensor=tensor), 0, lambda run: None)
        accuracy = runs.to_pandas().groupby("variant")["accuracy"].mean()
        assert accuracy["nearest_neighbour, random, with duplicates"] > 0.75
        assert accuracy["nearest_neighbour, random, as measured"] < 0.55
        assert accuracy["nearest_neighbour, specimen, with duplicates"] < 0.55


def law_runs(exponent, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        {"fold": f, "specimens": n, "log_loss": 5 * n**-exponent * np.exp(noise * rng.normal())}
        for f in range(5)
        for n in (100, 200, 400, 800)
    ]
    return pd.DataFrame(rows).assign(accuracy=0.5)


def test_a_power_law_is_found_with_an_interval_around_it():
    exact = fit_power_law(law_runs(0.3), "log_loss")
    assert exact.exponent == pytest.approx(0.3)
    assert exact.scale == pytest.approx(5)
    assert exact.at(200) == pytest.approx(5 * 200**-0.3)
    noisy = [fit_power_law(law_runs(0.3, 0.05, seed), "log_loss") for seed in range(100)]
    assert 88 <= sum(law.low < 0.3 < law.high for law in noisy) <= 100
    assert all(0 < law.high - law.low < 0.2 for law in noisy)
    assert fit_power_law(law_runs(0.0), "error").exponent == pytest.approx(0)


def paired(lead, noise, seeds=3, folds=5):
    rng = np.random.default_rng(1)
    rows = []
    for seed in range(seeds):
        for fold in range(folds):
            base = 0.3 + 0.05 * rng.normal()
            both = {"baseline": base, "model": base + lead + noise * rng.normal()}
            rows += [
                {"seed": seed, "fold": fold, "variant": v, "accuracy": a, "n": 200, "training": 800}
                for v, a in both.items()
            ]
    return pd.DataFrame(rows)


def test_the_ceiling_of_minerals_from_known_frequencies():
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


class TestPairedTest:
    def test_a_clear_lead_is_proved_and_a_faint_one_is_not(self):
        clear = paired_test(paired(0.05, 0.01), "model", "baseline", "accuracy")
        assert clear.runs == 15
        assert clear.low > 0
        assert clear.p_value < 0.001
        faint = paired_test(paired(0.002, 0.02), "model", "baseline", "accuracy")
        assert faint.low < 0 < faint.high
        assert faint.p_value > 0.1

    def test_it_is_wider_than_the_naive_test(self):
        runs = paired(0.01, 0.02)
        wide = runs.pivot(index=["seed", "fold"], columns="variant", values="accuracy")
        naive = stats.ttest_rel(wide["model"], wide["baseline"])
        found = paired_test(runs, "model", "baseline", "accuracy")
        assert found.difference == pytest.approx((wide["model"] - wide["baseline"]).mean())
        assert found.p_value > naive.pvalue
        # (1/15 + 1/4) instead of 1/15 of the variance.
        half = naive.confidence_interval(0.95).high - found.difference
        assert found.high - found.difference == pytest.approx(half * np.sqrt(1 + 15 / 4))

    def test_equal_variants_have_no_difference(self):
        found = paired_test(paired(0.0, 0.0), "model", "baseline", "accuracy")
        assert (found.difference, found.p_value) == (0.0, 1.0)
