import pandas as pd

from raman_pipeline.learning.report import (
    METRICS,
    country_scores,
    fold_metrics,
    summary,
    to_markdown,
    verdicts,
)


def table(right: int, n: int = 10) -> pd.DataFrame:
    predicted = ["Brazil"] * right + ["Peru"] * (n - right)
    return pd.DataFrame(
        {
            "country": ["Brazil"] * n,
            "predicted": predicted,
            "rank": [1 if p == "Brazil" else 2 for p in predicted],
            "specimen_in_training": [i < 5 for i in range(n)],
        }
    )


PREDICTIONS = {
    ("majority", "specimen", 0): table(6),
    ("majority", "specimen", 1): table(8),
    ("convnext1d", "specimen", 0): table(4),
    ("convnext1d", "specimen", 1): table(6),
    ("majority", "random", 0): table(3),
    ("convnext1d", "random", 0): table(9),
}


def test_metrics_and_summary():
    metrics = fold_metrics(PREDICTIONS)
    assert METRICS.problems(metrics) == []
    found = summary(metrics.to_pandas()).set_index(["split", "family"])
    assert list(dict.fromkeys(found.index.get_level_values("split"))) == ["random", "specimen"]
    row = found.loc[("specimen", "majority")]
    assert (row["folds"], row["n"], row["accuracy_mean"]) == (2, 20, 0.7)
    assert round(row["accuracy_sd"], 6) == round(0.02**0.5, 6)
    assert row["accuracy_seen_mean"] == 1.0
    assert row["accuracy_new_mean"] == 0.4


def test_a_winning_baseline_is_named():
    lines = verdicts(summary(fold_metrics(PREDICTIONS).to_pandas()))
    assert lines[0].startswith("random: ConvNeXt1D (0.900) beats the best baseline, majority class")
    assert "loses to the best baseline, majority class (0.700), by 0.200" in lines[1]


def test_markdown_shows_protocol_beside_every_number():
    text = to_markdown(summary(fold_metrics(PREDICTIONS).to_pandas()), {"folds": "2, seed 0"})
    assert "- folds: 2, seed 0" in text
    assert "| specimen | majority class | 2 | 20 | 0.700 ± 0.141 |" in text
    assert "nan" not in text


def test_country_scores_average_over_folds():
    scores = country_scores(PREDICTIONS, "majority", "specimen")
    assert list(scores["country"]) == ["Brazil"]
    assert scores["n"].iloc[0] == 20
    assert scores["precision"].iloc[0] == 1.0
    assert country_scores(PREDICTIONS, "majority", "locality").empty
