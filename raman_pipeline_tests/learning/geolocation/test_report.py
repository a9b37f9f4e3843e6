import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.geolocation.calibration import (
    COVERAGE_LEVELS,
    Calibration,
    Calibrator,
    Trial,
)
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import (
    METRICS,
    comparable_baselines,
    country_groups,
    country_scores,
    decomposition,
    fold_metrics,
    summary,
    trial_scores,
    verdicts,
    with_all_baselines,
)
from raman_pipeline.learning.geolocation.report_text import to_markdown


def calibration(best: int) -> Calibration:
    grid: tuple[dict, dict] = ({}, {"augmentation": None})
    trials = tuple(Trial(g, 1.0 + (i != best), 0.25 + 0.25 * i) for i, g in enumerate(grid))
    scores = np.ones((1, 1))
    return Calibration(
        Calibrator(1.0, 0.0, scores[0]), 50.0, scores, np.zeros(1, int), grid[best], trials
    )


TRIALS = trial_scores({("specimen", fold): calibration(best) for fold, best in ((0, 0), (1, 1))})
BASELINES = [name for name, family in FAMILIES.items() if family.baseline]
LEAKED = pd.DataFrame({"split": ["specimen"], "folds": [2], "n": [20], "same specimen": [0.0]})


def table(right: int, n: int = 10) -> pd.DataFrame:
    of_probability = ("probability", "uncalibrated_probability", "true_probability", "brier")
    return pd.DataFrame(
        {
            "rruff_id": [f"R{i}" for i in range(n)],
            "country": "Brazil",
            "predicted": ["Brazil"] * right + ["Peru"] * (n - right),
            **dict.fromkeys(of_probability, 0.5),
            "rank": [1] * right + [2] * (n - right),
            "specimen_in_training": np.arange(n) < 5,
            "distance_km": 100.0,
            "log_density": 1.0,
            "set_size": [[2] * len(COVERAGE_LEVELS)] * n,
            "in_set": [[1] * len(COVERAGE_LEVELS)] * n,
        }
    )


RIGHT = {
    ("majority", "specimen"): (6, 8),
    ("convnext1d", "specimen"): (4, 6),
    ("chemistry_trees", "specimen"): (9, 9),
    ("majority", "random"): (3, 10),
    ("convnext1d", "random"): (9,),
}
PREDICTIONS = {(*k, fold): table(n) for k, each in RIGHT.items() for fold, n in enumerate(each)}


def test_metrics_are_averaged_over_folds():
    table = fold_metrics(PREDICTIONS)
    assert METRICS.problems(table) == []
    found = summary(table.to_pandas()).set_index(["split", "family"])
    assert list(dict.fromkeys(found.index.get_level_values("split"))) == ["random", "specimen"]
    row = found.loc[("specimen", "majority")]
    assert (row["folds"], row["n"], row["accuracy_mean"]) == (2, 20, 0.7)
    assert round(row["accuracy_sd"], 6) == round(0.02**0.5, 6)
    assert (row["accuracy_seen_mean"], row["accuracy_new_mean"]) == (1.0, 0.4)
    scores = country_scores(PREDICTIONS, "majority", "specimen")
    assert scores[["country", "n", "precision"]].to_numpy().tolist() == [["Brazil", 20, 1.0]]
    assert country_scores(PREDICTIONS, "majority", "locality").empty


def test_the_report_names_a_winning_baseline_over_the_folds_of_the_model():
    found = fold_metrics(PREDICTIONS).to_pandas()
    random, specimen = verdicts(found)
    # The majority class has a second fold; it must not count beside a model that has not.
    assert random == (
        "random: ConvNeXt1D (0.900) beats the best baseline on its inputs, majority class "
        "(0.300), by 0.600 in accuracy (1 fold)."
    )
    assert "loses to the best baseline on its inputs, majority class (0.700), by 0.200" in specimen
    assert specimen.endswith("; ExtraTrees + chemistry, on other inputs, has 0.900 (2 folds).")
    labels = ["United States of America"] * 3 + ["Canada", "Peru", "Chile"]
    groups = country_groups(pd.Series(labels))
    of_paper = groups.set_index("country")
    assert of_paper["spectra"].tolist() == [3, 1, 0, 2]
    assert of_paper.loc["Canada", ["share", "share_(paper)"]].tolist() == ["16.7%", "16%"]
    text = to_markdown(found, summary(found), LEAKED, {}, TRIALS, groups, {"folds": "2, seed 0"})
    assert "- folds: 2, seed 0" in text
    assert "| specimen | majority class | 2 | 20 | 0.700 ± 0.141 |" in text
    assert "| specimen | 2 | 20 | 0.000 |" in text
    assert "| majority class | 0.650 | 0.700 | 2 × 20; 2 × 20 |" in text
    assert "| specimen | preset | 2 | 1 | 1.5 | 0.25 |" in text
    assert "| specimen | augmentation none | 2 | 1 | 1.5 | 0.5 |" in text
    assert "nan" not in text


def test_accuracy_falls_apart_into_steps_between_neighbouring_splits():
    of_twins = summary(fold_metrics(PREDICTIONS).to_pandas()).replace(
        {"split": "random"}, "measurement"
    )
    steps = decomposition(of_twins).set_index(["family", "split"])["difference"]
    assert steps["majority", "specimen"] == pytest.approx(0.05)
    # Its random split is not there, and neither is its measurement split.
    assert steps[[("majority", "measurement"), ("chemistry_trees", "specimen")]].isna().all()


def test_baselines_see_no_more_than_the_model():
    assert "chemistry_trees" not in comparable_baselines(FAMILIES["convnext1d"])
    found = set(comparable_baselines(FAMILIES["chemistry_blend"]))
    assert not {"mineral_memorisation", "specimen_memorisation"} & found
    assert {"majority", "rbf_svm", "chemistry_trees"} <= found


def test_a_fold_counts_where_every_baseline_has_it():
    whole = {(name, "random", 0): table(3) for name in BASELINES}
    assert with_all_baselines(whole) == whole
    assert with_all_baselines({("convnext1d", "random", 0): table(3)}) == {}
    lacking = {k: v for k, v in whole.items() if k[0] != "rbf_svm"}
    assert with_all_baselines(lacking) == {}
