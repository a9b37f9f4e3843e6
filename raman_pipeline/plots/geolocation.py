"""Figures of the geolocation study.

What belongs here: families against splits, scores by country. What does not: maps of
the data set (see `samples`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

_COLOURS = (GREY, "#718096", ORANGE, BLUE, "#2f855a", "#805ad5")


def families_by_split(table: pd.DataFrame, titles: Mapping[str, str], note: str) -> Figure:
    """Draws accuracy of every family under every split.

    Args:
        table: columns `split`, `family`, `accuracy_mean`, `accuracy_sd`.
        titles: family name to words.
        note: protocol, printed under the title.
    """
    figure, (ax,) = new_figure(9, 4.2)
    splits, families = list(table["split"].unique()), list(table["family"].unique())
    width = 0.8 / max(len(families), 1)
    for i, family in enumerate(families):
        rows = table[table["family"] == family].set_index("split").reindex(splits)
        x = np.arange(len(splits)) + (i - (len(families) - 1) / 2) * width
        bars = ax.bar(
            x,
            rows["accuracy_mean"],
            width * 0.92,
            yerr=rows["accuracy_sd"].fillna(0),
            color=_COLOURS[i % len(_COLOURS)],
            label=titles[family],
            error_kw={"elinewidth": 0.8},
        )
        ax.bar_label(bars, fmt="%.2f", fontsize=7, padding=2)
    ax.set_xticks(range(len(splits)), [f"{s}\n{_MEANING[s]}" for s in splits], fontsize=8)
    ax.set(ylabel="accuracy", ylim=(0, 1.05))
    ax.set_title(f"Country from a spectrum: what the split decides\n{note}", fontsize=10)
    ax.legend(fontsize=8, ncols=len(families), loc="upper center", frameon=False)
    return figure


_MEANING = {
    "random": "(papers: specimen on both sides)",
    "specimen": "(new specimens)",
    "locality": "(new localities)",
    "species": "(new minerals)",
}


def country_bars(scores: pd.DataFrame, metric: str, title: str, top: int = 30) -> Figure:
    """Draws one bar a country, the commonest first (cf. Figures 7 and 8 of Pappone 2024).

    Args:
        scores: columns `country`, `n` and the metric, ordered by `n`.
        metric: `f1` or `precision`.
        title: printed above.
        top: countries drawn.
    """
    rows = scores.head(top)
    figure, (ax,) = new_figure(9, 4.2)
    ax.bar(range(len(rows)), rows[metric], color=BLUE if metric == "f1" else RED)
    labels = [f"{c} ({n})" for c, n in zip(rows["country"], rows["n"], strict=True)]
    ax.set_xticks(range(len(rows)), labels, rotation=60, ha="right", fontsize=7)
    ax.set(ylabel={"f1": "F1"}.get(metric, metric), ylim=(0, 1))
    ax.set_title(f"{title} (n test spectra)", fontsize=10)
    return figure
