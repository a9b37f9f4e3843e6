"""The geolocation report as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raman_pipeline.common.markdown import markdown_report
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import verdicts

_MAIN = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "top5": "top-5",
    "accuracy_seen": "accuracy, seen specimens",
    "accuracy_new": "accuracy, new specimens",
}
_PROBABILITIES = {
    "log_loss": "log loss",
    "brier": "Brier",
    "ece_uncalibrated": "ECE uncalibrated",
    "ece": "ECE calibrated",
    "coverage_90": "coverage of 90% sets",
    "coverage_90_specimens": "by specimen",
    "set_size_90": "countries per set",
}
_PLACES = {"distance_km": "median distance (km)", "log_density": "log density (nats)"}


def to_markdown(
    metrics: pd.DataFrame,
    table: pd.DataFrame,
    leakage: pd.DataFrame,
    groups: pd.DataFrame,
    protocol: Mapping[str, object],
) -> str:
    """Returns the report: protocol, comparison with baselines, tables, leakage.

    Args:
        metrics: a METRICS table.
        table: from `summary`.
        leakage: columns `split`, `folds`, `n` and the shares of `leakage_shares`.
        groups: from `country_groups`.
        protocol: of all numbers, in the order of printing.
    """
    return markdown_report(
        "Geolocation report",
        protocol,
        "## Comparison with baselines",
        verdicts(metrics) or ["nothing to compare yet"],
        "## Spectra by country (Table 3 of the paper)",
        groups,
        "The percentages in the paper do not match its counts.",
        "## Country classification",
        "Means ± standard deviations over folds. Seen specimens have spectra in the training set.",
        _columns(table, _MAIN),
        "## Leakage",
        _leakage_cells(leakage),
        "## Calibration",
        "Calibration (temperature scaling, then a mixture with the training frequencies) and "
        "conformal scores come from an inner validation set, grouped as the split groups; the test "
        "fold is not used, and predicted labels do not change. Log loss in nats, Brier score from "
        "0 to 2, expected calibration error (ECE) over 15 bins.",
        _columns(table, _PROBABILITIES),
        "## Position",
        "Distance between the probability-weighted position and the specimen; log density at the "
        "specimen, relative to the uniform density. Only specimens with a known position.",
        _columns(table, _PLACES),
    )


def _columns(table: pd.DataFrame, chosen: Mapping[str, str]) -> pd.DataFrame:
    cells = {
        "split": table["split"],
        "family": table["family"].map(lambda name: FAMILIES[name].title),
        "folds": table["folds"],
        "n": table["n"],
    }
    for key, title in chosen.items():
        digits = 0 if key == "distance_km" else 3
        cells[title] = [_mean_sd(row, key, digits) for row in table.to_dict("records")]
    return pd.DataFrame(cells)


def _leakage_cells(leakage: pd.DataFrame) -> pd.DataFrame:
    order = {split: i for i, split in enumerate(SPLITS)}
    rows = leakage.sort_values("split", key=lambda s: s.map(order))
    shares = {c: rows[c].map("{:.3f}".format) for c in rows.select_dtypes("float").columns}
    return rows.assign(**shares)


def _mean_sd(row: Mapping, key: str, digits: int) -> str:
    mean, sd = row[f"{key}_mean"], row[f"{key}_sd"]
    if pd.isna(mean):
        return "–"
    return f"{mean:,.{digits}f}" + ("" if pd.isna(sd) else f" ± {sd:,.{digits}f}")
