"""Aggregation of the geolocation predictions over families, splits and folds.

What belongs here: aggregation and comparison with baselines. What does not: text (see
`report_text`), figures (see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.geography.reporting.pappone2024 import PAPER_GROUP_PERCENTAGES, PAPER_GROUPS
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.learning.geolocation.calibration import Calibration
from raman_pipeline.learning.geolocation.metrics import per_country, summarise
from raman_pipeline.learning.geolocation.registry import FAMILIES, Family

_SHARE = (0.0, 1.0)

METRICS = TableSchema(
    "geolocation_report",
    (
        Column("family", pa.string(), "model family", isin=tuple(FAMILIES)),
        Column("split", pa.string(), "of the folds", isin=SPLITS),
        Column("fold", pa.int32(), "test fold", between=(0, 1000)),
        Column("n", pa.int32(), "test spectra"),
        Column("accuracy", pa.float64(), "share of right countries", between=_SHARE),
        Column("macro_f1", pa.float64(), "mean F1 over countries", between=_SHARE),
        Column("top5", pa.float64(), "share with the label among five", between=_SHARE),
        Column("seen_share", pa.float64(), "share with siblings in training", between=_SHARE),
        Column("accuracy_seen", pa.float64(), "accuracy on those", True, between=_SHARE),
        Column("accuracy_new", pa.float64(), "accuracy on the others", True, between=_SHARE),
        Column("log_loss", pa.float64(), "of calibrated probabilities, nats"),
        Column("brier", pa.float64(), "of calibrated probabilities", between=(0, 2)),
        Column("ece", pa.float64(), "expected calibration error, calibrated", between=_SHARE),
        Column(
            "ece_uncalibrated",
            pa.float64(),
            "expected calibration error, uncalibrated",
            between=_SHARE,
        ),
        Column("coverage_90", pa.float64(), "empirical coverage of the 90% sets", between=_SHARE),
        Column(
            "coverage_90_specimens", pa.float64(), "the same, mean over specimens", between=_SHARE
        ),
        Column("set_size_90", pa.float64(), "countries in the 90% sets"),
        Column("distance_km", pa.float64(), "median error of the weighted position", True),
        Column("log_density", pa.float64(), "mean log density relative to uniform, nats", True),
    ),
    unique_together=("family", "split", "fold"),
)
VALUES = tuple(c.name for c in METRICS.columns if c.name not in ("family", "split", "fold", "n"))

Predictions = Mapping[tuple[str, str, int], pd.DataFrame]
"""(family, split, fold) to a PREDICTIONS table."""


def fold_metrics(predictions: Predictions) -> pa.Table:
    """Returns a METRICS table, one row per family, split and fold."""
    rows = []
    for (family, split, fold), table in sorted(predictions.items()):
        values = summarise(table)
        row = {k: None if v != v else v for k, v in values.items()}
        rows.append({"family": family, "split": split, "fold": fold, **row})
    return METRICS.from_rows(rows)


def with_all_baselines(predictions: Predictions) -> Predictions:
    """Returns the predictions of the folds for which every baseline has predictions.

    A model is never shown without the baselines on the same fold.
    """
    needed = {name for name, family in FAMILIES.items() if family.baseline}
    available: dict[tuple[str, int], set[str]] = {}
    for family, split, fold in predictions:
        available.setdefault((split, fold), set()).add(family)
    return {key: table for key, table in predictions.items() if needed <= available[key[1:]]}


def summary(metrics: pd.DataFrame) -> pd.DataFrame:
    """Returns mean and standard deviation over folds, by split and family.

    Columns: `split`, `family`, `folds`, `n` (test spectra over all folds) and
    `<metric>_mean`, `<metric>_sd` of every metric. The standard deviation is over folds (ddof=1),
    NaN for one fold.
    """
    values = list(VALUES)
    grouped = metrics.groupby(["split", "family"])
    result = grouped[values].mean().add_suffix("_mean")
    result = result.join(grouped[values].std(ddof=1).add_suffix("_sd"))
    result.insert(0, "folds", grouped.size())
    result.insert(1, "n", grouped["n"].sum())
    order = {name: i for i, name in enumerate((*SPLITS, *FAMILIES))}
    return result.reset_index().sort_values(
        ["split", "family"], key=lambda s: s.map(order), ignore_index=True
    )


def decomposition(table: pd.DataFrame) -> pd.DataFrame:
    """Returns how accuracy falls from split to split as less of a test spectrum is in training.

    Args:
        table: from `summary`.

    Returns:
        Columns `family`, `split`, `accuracy`, `difference` (to the split before; NaN for the first
        one and where that has no predictions), `folds`, `n`; one row per row of `table`.
    """
    means = table.pivot(index="family", columns="split", values="accuracy_mean")
    steps = means.reindex(columns=list(SPLITS)).diff(axis=1).stack().rename("difference")
    rows = table[["family", "split", "accuracy_mean", "folds", "n"]]
    rows = rows.rename(columns={"accuracy_mean": "accuracy"})
    return rows.join(steps, on=["family", "split"])


def country_scores(predictions: Predictions, family: str, split: str) -> pd.DataFrame:
    """Returns F1 and precision by country, averaged over folds as the paper does.

    Columns: `country`, `f1`, `precision`, `n` (test spectra over all folds).
    """
    tables = [per_country(t) for t in tables_of(predictions, family, split)]
    if not tables:
        return pd.DataFrame(columns=["country", "f1", "precision", "n"])
    joined = pd.concat(tables)
    grouped = joined.groupby("country")
    result = grouped[["f1", "precision"]].mean().assign(n=grouped["n"].sum())
    return result.reset_index().sort_values("n", ascending=False, ignore_index=True)


def country_groups(countries: pd.Series) -> pd.DataFrame:
    """Returns Table 3 of Pappone (2024): spectra of three countries and of the rest.

    Args:
        countries: the label of every selected spectrum.

    Returns:
        Columns `country`, `spectra`, `share`, and the figures of the paper for both.
    """
    named = [name for name in PAPER_GROUPS if name != "Others"]
    grouped = countries.where(countries.isin(named), "Others").value_counts()
    spectra = grouped.reindex(list(PAPER_GROUPS), fill_value=0)
    return pd.DataFrame(
        {
            "country": list(PAPER_GROUPS),
            "spectra": spectra.to_numpy(),
            "share": [f"{n / max(len(countries), 1):.1%}" for n in spectra],
            "spectra_(paper)": list(PAPER_GROUPS.values()),
            "share_(paper)": [f"{PAPER_GROUP_PERCENTAGES[name]}%" for name in PAPER_GROUPS],
        }
    )


def tables_of(predictions: Predictions, family: str, split: str) -> list[pd.DataFrame]:
    """Returns the predictions of a family under a split, in the order of the folds."""
    return [t for (f, s, _), t in sorted(predictions.items()) if (f, s) == (family, split)]


def trial_scores(calibrations: Mapping[tuple[str, int], Calibration]) -> pd.DataFrame:
    """Returns the trials of a family's inner validation, averaged over the folds of each split.

    Args:
        calibrations: (split, fold) to the calibration of its model.

    Returns:
        Columns `split`, `trial` (what replaces the preset), `folds`, `selected` (in how many of
        them), `validation_log_loss` (nats), `validation_accuracy`.
    """
    columns = ("split", "trial", "selected", "validation_log_loss", "validation_accuracy")
    rows = [
        (split, str(t), t.hyperparameters == c.hyperparameters, t.loss, t.accuracy)
        for (split, _), c in calibrations.items()
        for t in c.trials
    ]
    grouped = pd.DataFrame(rows, columns=columns).groupby(["split", "trial"], sort=False)
    means = grouped[["validation_log_loss", "validation_accuracy"]].mean().round(3)
    means.insert(0, "folds", grouped.size())
    means.insert(1, "selected", grouped["selected"].sum())
    order = {split: i for i, split in enumerate(SPLITS)}
    return means.sort_index(
        level="split", key=lambda s: s.map(order), sort_remaining=False
    ).reset_index()


def comparable_baselines(family: Family) -> list[str]:
    """Returns the baselines that use no other inputs than a family."""
    return [
        name
        for name, other in FAMILIES.items()
        if other.baseline and set(other.inputs) <= set(family.inputs)
    ]


def verdicts(metrics: pd.DataFrame) -> list[str]:
    """Returns a comparison of each model with the best comparable baseline, by split.

    Means are over the folds of the model; every baseline has them too.

    Args:
        metrics: a METRICS table.
    """
    lines = []
    for split in SPLITS:
        rows = metrics[metrics["split"] == split]
        for name, family in FAMILIES.items():
            own = rows[rows["family"] == name]
            if family.baseline or own.empty:
                continue
            same = rows[rows["fold"].isin(own["fold"])]
            means = same.groupby("family")["accuracy"].mean()
            base = means[[b for b in comparable_baselines(family) if b in means.index]]
            if base.empty:
                continue
            best, ours = base.idxmax(), means[name]
            gap = ours - base[best]
            word = "beats" if gap > 0 else "ties with" if gap == 0 else "loses to"
            line = (
                f"{split}: {family.title} ({ours:.3f}) {word} the best baseline on its inputs, "
                f"{FAMILIES[best].title} ({base[best]:.3f}), by {abs(gap):.3f} in accuracy"
            )
            others = means[[b for b in means.index if FAMILIES[b].baseline]]
            if others.max() > max(ours, base[best]):
                top = others.idxmax()
                line += f"; {FAMILIES[top].title}, on other inputs, has {others[top]:.3f}"
            lines.append(f"{line} ({len(own)} {'fold' if len(own) == 1 else 'folds'}).")
    return lines
