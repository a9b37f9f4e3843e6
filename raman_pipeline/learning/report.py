"""The geolocation report: tables and text over families, splits and folds.

What belongs here: aggregation and wording. What does not: figures (see
`raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from raman_pipeline.learning.families import FAMILIES
from raman_pipeline.learning.metrics import per_country, summarise
from raman_pipeline.learning.splits import SPLITS
from raman_pipeline.tables import Column, TableSchema

_SHARE = (0.0, 1.0)

METRICS = TableSchema(
    "geolocation_report",
    (
        Column("family", pa.string(), "model family", isin=tuple(FAMILIES)),
        Column("split", pa.string(), "how folds were made", isin=SPLITS),
        Column("fold", pa.int32(), "test fold", between=(0, 1000)),
        Column("n", pa.int32(), "test spectra"),
        Column("accuracy", pa.float64(), "share of right countries", between=_SHARE),
        Column("macro_f1", pa.float64(), "mean F1 over countries", between=_SHARE),
        Column("top5", pa.float64(), "share with the label among five", between=_SHARE),
        Column("seen_share", pa.float64(), "share whose specimen is in training", between=_SHARE),
        Column("accuracy_seen", pa.float64(), "accuracy on those", True, between=_SHARE),
        Column("accuracy_new", pa.float64(), "accuracy on the others", True, between=_SHARE),
    ),
    unique_together=("family", "split", "fold"),
)

Predictions = Mapping[tuple[str, str, int], pd.DataFrame]
"""(family, split, fold) to a PREDICTIONS table."""


def fold_metrics(predictions: Predictions) -> pa.Table:
    """Returns a METRICS table, one row for each family, split and fold."""
    rows = []
    for (family, split, fold), table in sorted(predictions.items()):
        values = summarise(table)
        row = {k: None if v != v else v for k, v in values.items()}
        rows.append({"family": family, "split": split, "fold": fold, **row})
    return METRICS.from_rows(rows)


def summary(metrics: pd.DataFrame) -> pd.DataFrame:
    """Returns mean and standard deviation over folds, by split and family.

    Columns: `split`, `family`, `folds`, `n` (test spectra over all folds) and
    `<metric>_mean`, `<metric>_sd` of accuracy, macro-F1 and top-5. The deviation is
    over folds (ddof=1) and NaN for one fold.
    """
    values = ["accuracy", "macro_f1", "top5", "seen_share", "accuracy_seen", "accuracy_new"]
    grouped = metrics.groupby(["split", "family"])
    result = grouped[values].mean().add_suffix("_mean")
    result = result.join(grouped[values].std(ddof=1).add_suffix("_sd"))
    result.insert(0, "folds", grouped.size())
    result.insert(1, "n", grouped["n"].sum())
    order = {name: i for i, name in enumerate((*SPLITS, *FAMILIES))}
    return result.reset_index().sort_values(
        ["split", "family"], key=lambda s: s.map(order), ignore_index=True
    )


def country_scores(predictions: Predictions, family: str, split: str) -> pd.DataFrame:
    """Returns F1 and precision by country, averaged over folds as the paper does.

    Columns: `country`, `f1`, `precision`, `n` (test spectra over all folds).
    """
    tables = [
        per_country(t) for (f, s, _), t in sorted(predictions.items()) if (f, s) == (family, split)
    ]
    if not tables:
        return pd.DataFrame(columns=["country", "f1", "precision", "n"])
    joined = pd.concat(tables)
    grouped = joined.groupby("country")
    result = grouped[["f1", "precision"]].mean().assign(n=grouped["n"].sum())
    return result.reset_index().sort_values("n", ascending=False, ignore_index=True)


def verdicts(table: pd.DataFrame) -> list[str]:
    """Says, for each split, whether the model beats the best baseline.

    Args:
        table: as `summary` returns it.
    """
    lines = []
    for split, rows in table.groupby("split", sort=False):
        by_family = rows.set_index("family")["accuracy_mean"]
        ours = by_family[[f for f in by_family.index if not FAMILIES[f].baseline]]
        base = by_family[[f for f in by_family.index if FAMILIES[f].baseline]]
        if ours.empty or base.empty:
            continue
        best, model = base.idxmax(), ours.idxmax()
        gap = ours[model] - base[best]
        word = "beats" if gap > 0 else "ties with" if gap == 0 else "loses to"
        lines.append(
            f"{split}: {FAMILIES[model].title} ({ours[model]:.3f}) {word} the best baseline, "
            f"{FAMILIES[best].title} ({base[best]:.3f}), by {abs(gap):.3f} in accuracy."
        )
    return lines


def to_markdown(table: pd.DataFrame, protocol: Mapping[str, object]) -> str:
    """Returns the report as Markdown: protocol, verdicts, table, what leaks.

    Args:
        table: as `summary` returns it.
        protocol: facts that every number depends on, in the order to print.
    """
    lines = ["# Geolocation report", "", "## Protocol", ""]
    lines += [f"- {key}: {value}" for key, value in protocol.items()]
    lines += ["", "## Verdict", ""]
    lines += [f"- {line}" for line in verdicts(table)] or ["- nothing to compare yet"]
    lines += [
        "",
        "## Accuracy, macro-F1 and top-5 (mean ± standard deviation over folds)",
        "",
        "`seen` is the share of test spectra whose specimen also stands in training; "
        "`accuracy new` counts only the others.",
        "",
        "| split | family | folds | n | accuracy | macro-F1 | top-5 | seen | accuracy new |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        cells = [
            row["split"],
            FAMILIES[row["family"]].title,
            str(row["folds"]),
            f"{row['n']:,}",
            *(_mean_sd(row, key) for key in ("accuracy", "macro_f1", "top5")),
            f"{row['seen_share_mean']:.2f}",
            _mean_sd(row, "accuracy_new"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _mean_sd(row: Mapping, key: str) -> str:
    mean, sd = row[f"{key}_mean"], row[f"{key}_sd"]
    if pd.isna(mean):
        return "–"
    return f"{mean:.3f}" if pd.isna(sd) else f"{mean:.3f} ± {sd:.3f}"
