"""The geolocation report as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raman_pipeline.common.markdown import markdown_report
from raman_pipeline.learning.data.splits import LEAKED, SPLITS
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import decomposition, verdicts
from raman_pipeline.learning.geolocation.siblings import (
    MANY_SPECTRA,
    PAPER_SIBLINGS,
    SiblingAccuracy,
    number_of_siblings,
)

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
    siblings: Mapping[str, SiblingAccuracy],
    trials: pd.DataFrame,
    groups: pd.DataFrame,
    protocol: Mapping[str, object],
) -> str:
    """Returns the report: protocol, comparison with baselines, tables, leakage.

    Args:
        metrics: a METRICS table.
        table: from `summary`.
        leakage: columns `split`, `folds`, `n` and the shares of `leakage_shares`.
        siblings: by title of family, of the random split.
        trials: from `trial_scores`, of the default ConvNeXt1D.
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
        "### ConvNeXt1D, augmented as in the preset or not",
        "Each fold takes what has the lower log loss (nats) on the inner validation set.",
        trials,
        "## Leakage",
        _leakage_cells(leakage),
        "### Accuracy from split to split",
        "Mean over folds, and the difference to the split before: what its leakage was worth.",
        [f"{split}: without {what}" for split, what in LEAKED.items()],
        "The species split holds a mineral's specimens together, but no longer those of a site.",
        _steps(decomposition(table)),
        "### Accuracy by siblings in training",
        "Random split. Siblings are other spectra of the specimen: the other of the "
        "RAW/Processed pair, those of another laser, and those of the same laser in another "
        "orientation or scan. 95% intervals over 1,000 resamples of specimens, whose spectra are "
        "not independent; (spectra/specimens).",
        _sibling_cells(siblings),
        f"Predicted for {MANY_SPECTRA} spectra a specimen, as in the paper ({PAPER_SIBLINGS:g} "
        "siblings in training): the logit of the accuracy is a line in the logarithm of their "
        f"number, fitted on specimens of fewer than {MANY_SPECTRA} spectra. It is tried on those "
        "of more. Intervals do not contain the uncertainty of the form of the curve.",
        _forecasts(siblings),
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


def _steps(rows: pd.DataFrame) -> pd.DataFrame:
    change = rows["difference"].map(lambda d: "" if pd.isna(d) else f" ({d:+.3f})")
    cells = rows.assign(
        cell=rows["accuracy"].map("{:.3f}".format) + change,
        protocol=rows["folds"].astype(str) + " × " + rows["n"].map("{:,}".format),
    )
    splits = [split for split in SPLITS if split in set(rows["split"])]
    wide = cells.pivot(index="family", columns="split", values=["cell", "protocol"])
    families = [name for name in FAMILIES if name in wide.index]
    wide = wide.loc[families].fillna("–")
    protocol = wide["protocol"][splits].agg("; ".join, axis=1)
    titles = [FAMILIES[name].title for name in families]
    wide = wide["cell"][splits].assign(**{"folds × n of each split": protocol})
    return wide.reset_index(drop=True).assign(family=titles)[["family", *wide.columns]]


def _sibling_cells(siblings: Mapping[str, SiblingAccuracy]) -> pd.DataFrame:
    columns = {}
    for title, found in siblings.items():
        rows = pd.concat([found.by_number.assign(kinds="any"), found.by_kind])
        rows["siblings"] = rows["siblings"].map(number_of_siblings)
        sizes = zip(rows["accuracy"], rows["n"], rows["specimens"], strict=True)
        rows[title] = [f"{accuracy} ({n:,}/{specimens:,})" for accuracy, n, specimens in sizes]
        columns[title] = rows.set_index(["kinds", "siblings"])[title]
    return pd.DataFrame(columns).fillna("–").reset_index()


def _forecasts(siblings: Mapping[str, SiblingAccuracy]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "family": title,
            f"at {PAPER_SIBLINGS:g} siblings": found.forecast.paper,
            f"specimens of {MANY_SPECTRA} or more": found.forecast.specimens,
            "their spectra": found.forecast.n,
            "predicted for them": found.forecast.expected or "–",
            "observed": found.forecast.observed or "–",
        }
        for title, found in siblings.items()
        if found.forecast
    )


def _mean_sd(row: Mapping, key: str, digits: int) -> str:
    mean, sd = row[f"{key}_mean"], row[f"{key}_sd"]
    if pd.isna(mean):
        return "–"
    return f"{mean:,.{digits}f}" + ("" if pd.isna(sd) else f" ± {sd:,.{digits}f}")
