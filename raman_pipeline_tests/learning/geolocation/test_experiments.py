from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.geolocation.duplicate_effect import duplicate_effect, with_duplicates
from raman_pipeline.learning.geolocation.experiments import (
    ABLATION,
    EXPERIMENT_RUNS,
    MEMORISED,
    N_ABLATION_VARIANTS,
    SHARES,
    ablate_inputs,
    compare_families,
    learning_curve,
    subsample_specimens,
)
from raman_pipeline.spectra.tensor_file import SpectrumTensor


def test_every_fold_and_seed_is_run_and_reported(experiment):
    reported = []
    table = compare_families(experiment, ["majority", "nearest_neighbour"], (0, 1), reported.append)
    assert EXPERIMENT_RUNS.problems(table) == []
    runs = table.to_pandas()
    assert len(runs) == len(reported) == 2 * 2 * 5
    assert runs.groupby(["variant", "seed"])["n"].sum().unique().tolist() == [len(experiment.rows)]
    assert (runs.loc[runs["variant"] == "nearest_neighbour", "accuracy"] == 1).all()
    with pytest.raises(ValueError, match=r"fold 9 is empty; folds are \[0, 1, 2, 3, 4\]"):
        fold_train_test(experiment.rows, experiment.tensor, 9, "specimen")
    for fold in experiment.folds(1):
        assert not set(fold.train.metadata["rruff_id"]) & set(fold.test.metadata["rruff_id"])


def test_ablation_runs_every_set_of_inputs_and_memorises_names(experiment):
    reported = []
    # Here the donor determines the country.
    source = experiment.rows.set_index("member_id")["country"]
    covariates = experiment.covariates.assign(source=experiment.covariates["member_id"].map(source))
    data = replace(experiment, covariates=covariates, n_folds=2)
    runs = ablate_inputs(data, 0, reported.append).to_pandas()
    assert len(reported) == N_ABLATION_VARIANTS * 2
    assert set(runs["variant"]) == {" + ".join(inputs) for inputs in ABLATION} | set(MEMORISED)
    by_variant = runs.groupby("variant")["accuracy"].mean()
    assert by_variant["donor (memorisation)"] == 1
    assert by_variant["spectrum"] > by_variant["laser"]


def test_the_learning_curve_is_over_nested_subsets_of_specimens(experiment):
    train = next(experiment.folds(0)).train
    kept = [set(subsample_specimens(train, s, 3).metadata["rruff_id"]) for s in SHARES]
    for smaller, larger in pairwise(kept):
        assert smaller < larger
    whole = train.metadata["rruff_id"].nunique()
    assert [len(k) for k in kept] == [round(s * whole) for s in SHARES]
    subset = subsample_specimens(train, 0.4, 3).metadata["rruff_id"]
    in_training = train.metadata["rruff_id"].value_counts()
    assert (subset.value_counts() == in_training[subset.unique()]).all()
    runs = learning_curve(experiment, ["majority"], 0, lambda run: None).to_pandas()
    assert runs.groupby("fold")["share"].apply(list).map(tuple).unique().tolist() == [SHARES]


def test_every_spectrum_gets_a_duplicate_of_its_specimen(experiment):
    doubled = with_duplicates(experiment, 0)
    assert len(doubled.rows) == 2 * len(experiment.rows)
    assert doubled.rows["member_id"].is_unique
    counts = experiment.rows["rruff_id"].value_counts()
    assert doubled.rows["rruff_id"].value_counts().equals(2 * counts)
    n = len(experiment.rows)
    np.testing.assert_array_equal(doubled.tensor.intensity[:n], experiment.tensor.intensity)
    assert not np.allclose(doubled.tensor.intensity[n:], experiment.tensor.intensity)


def test_duplicates_help_under_the_random_split_only(experiment):
    # Labels independent of the spectra: only duplicates can be classified.
    rng = np.random.default_rng(0)
    rows = experiment.rows.assign(country=rng.permutation(experiment.rows["country"].to_numpy()))
    noisy = np.random.default_rng(1).random(experiment.tensor.intensity.shape).astype(np.float32)
    tensor = SpectrumTensor(noisy, experiment.tensor.grid, experiment.tensor.member_ids)
    runs = duplicate_effect(replace(experiment, rows=rows, tensor=tensor), 0, lambda run: None)
    accuracy = runs.to_pandas().groupby("variant")["accuracy"].mean()
    assert accuracy["nearest_neighbour, random, with duplicates"] > 0.75
    assert accuracy["nearest_neighbour, random, as measured"] < 0.55
    assert accuracy["nearest_neighbour, specimen, with duplicates"] < 0.55
