"""Figures of geolocation labels: families by split, scores by country and fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEANING = {
    "random": "as the papers: specimens leak",
    "specimen": "new specimens",
    "locality": "new localities",
    "species": "new minerals",
}
_METRICS = {"accuracy": ("accuracy", BLUE, 5), "macro_f1": ("macro-F1", ORANGE, -10)}
"""Metric to label, colour and offset of its values (points)."""


def families_by_split(table: pd.DataFrame, titles: Mapping[str, str], note: str) -> Figure:
    """Draws accuracy and macro-F1 of every family, one panel per split.

    Args:
        table: columns `split`, `family`, and `_mean` and `_sd` of `accuracy`, `macro_f1`.
        titles: by family name.
        note: protocol, printed above.
    """
    splits, families = list(table["split"].unique()), list(dict.fromkeys(table["family"]))
    families = [name for name in titles if name in families]
    figure, axes = new_figure(2.1 + 2.4 * len(splits), 1.6 + 0.34 * len(families), len(splits))
    for ax, split in zip(axes, splits, strict=True):
        rows = table[table["split"] == split].set_index("family").reindex(families)
        y = np.arange(len(families))
        for metric, (word, colour, above) in _METRICS.items():
            mean, sd = rows[f"{metric}_mean"], rows[f"{metric}_sd"].fillna(0)
            ax.errorbar(mean, y, xerr=sd, fmt="o", ms=5, color=colour, label=word, lw=1)
            for i, value in enumerate(mean):
                if pd.notna(value):
                    ax.annotate(
                        f"{value:.2f}", (value, i), (0, above), textcoords="offset points",
                        fontsize=6.5, ha="center", color=colour,
                    )  # fmt: skip
        if "majority" in families:
            ax.axvline(rows.loc["majority", "accuracy_mean"], color=GREY, ls="--", lw=1)
        ax.set_title(f"{split}\n{MEANING[split]}", fontsize=9)
        ax.set(xlim=(0, 1), ylim=(len(families) - 0.4, -0.7))
        ax.grid(axis="x", lw=0.3)
        shown = [titles[name] for name in families] if ax is axes[0] else []
        ax.set_yticks(y if shown else [], shown, fontsize=8)
    axes[-1].legend(fontsize=8, loc="lower right", frameon=False)
    figure.suptitle(
        f"Country classification by split (dashed: majority class)\n{note}",
        fontsize=10,
    )
    return figure


def by_country_and_fold(
    scores: pd.DataFrame, folds: pd.DataFrame, title: str, top: int = 30
) -> Figure:
    """Draws F1 and precision by country and the metrics of each fold.

    As Figures 7, 8 and 9 of Pappone (2024), for the most frequent countries.

    Args:
        scores: columns `country`, `n`, `f1`, `precision`, ordered by `n`.
        folds: columns `fold`, `n`, `accuracy`, `macro_f1`, `top5` of the same family and split.
        title: printed above.
        top: countries drawn.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8.4), layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, height_ratios=(3, 3, 2.4))
    rows = scores.head(top)
    for ax, metric, word, colour in (
        (upper, "f1", "F1", BLUE),
        (middle, "precision", "precision", RED),
    ):
        ax.bar(range(len(rows)), rows[metric], color=colour)
        ax.set(ylabel=word, ylim=(0, 1), xlim=(-0.6, len(rows) - 0.4))
        ax.set_xticks([])
    labels = [f"{c} ({n})" for c, n in zip(rows["country"], rows["n"], strict=True)]
    middle.set_xticks(range(len(rows)), labels, rotation=60, ha="right", fontsize=7)
    _draw_folds(lower, folds.sort_values("fold"))
    for ax in (upper, middle, lower):
        ax.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{title}: by country (n test spectra) and by fold", fontsize=11)
    return figure


def _draw_folds(ax: Axes, rows: pd.DataFrame) -> None:
    metrics = {"accuracy": "accuracy", "macro_f1": "macro-F1", "top5": "top-5"}
    x = np.arange(len(rows))
    for i, (metric, word) in enumerate(metrics.items()):
        bars = ax.bar(
            x + (i - 1) * 0.27, rows[metric], 0.25, color=(BLUE, ORANGE, GREY)[i], label=word
        )
        ax.bar_label(bars, fmt="%.2f", fontsize=7)
    labels = [f"fold {f}, n = {n}" for f, n in zip(rows["fold"], rows["n"], strict=True)]
    ax.set_xticks(x, labels, fontsize=8)
    ax.set(ylim=(0, 1.05))
    ax.legend(fontsize=8, ncols=3, frameon=False, loc="upper right")
