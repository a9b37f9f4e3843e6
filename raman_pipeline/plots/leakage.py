"""The figure of leakage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHARES = {
    "same specimen": RED,
    "same measurement": ORANGE,
    "near duplicate": GREY,
}
_LINES = (GREY, ORANGE, BLUE, RED, "#2f855a", "#805ad5")


def leakage_summary(
    shares: pd.DataFrame,
    table: pd.DataFrame,
    by_siblings: Mapping[str, pd.DataFrame],
    titles: Mapping[str, str],
    note: str,
) -> Figure:
    """Draws leakage by split, accuracy on seen and new specimens, and accuracy by siblings.

    Args:
        shares: columns `split`, `same specimen`, `same measurement`, `near duplicate`.
        table: columns `split`, `family`, `accuracy_seen_mean`, `accuracy_new_mean`.
        by_siblings: family to columns `siblings`, `accuracy`, `n`, of the random split.
        titles: by family name.
        note: of the data.
    """
    figure, (left, middle, right) = new_figure(14, 4.4, 3)
    _draw_shares(left, shares)
    _draw_seen_and_new(middle, table[table["split"] == "random"], titles)
    for i, (name, rows) in enumerate(by_siblings.items()):
        right.plot(
            rows["siblings"], rows["accuracy"], "o-", color=_LINES[i], label=titles[name], ms=4
        )
    if by_siblings:
        rows = next(iter(by_siblings.values()))
        last = rows["siblings"].max()
        labels = [
            f"{s}{'+' if s == last else ''}\nn={n}"
            for s, n in zip(rows["siblings"], rows["n"], strict=True)
        ]
        right.set_xticks(rows["siblings"], labels, fontsize=8)
        right.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    right.set(ylim=(0, 1.04), xlabel="training spectra of the same specimen", ylabel="accuracy")
    right.set_title("random split: accuracy by number of siblings", fontsize=10)
    figure.suptitle(f"Leakage from training to test spectra ({note})", fontsize=11)
    return figure


def _draw_shares(ax: Axes, shares: pd.DataFrame) -> None:
    width = 0.26
    for i, (column, colour) in enumerate(_SHARES.items()):
        bars = ax.bar(
            np.arange(len(shares)) + (i - 1) * width, shares[column], width, color=colour,
            label=column,
        )  # fmt: skip
        ax.bar_label(bars, fmt="%.2f", fontsize=7)
    ax.set_xticks(range(len(shares)), shares["split"])
    ax.set(ylim=(0, 1), ylabel="share of test spectra")
    ax.legend(fontsize=8, frameon=False)
    ax.set_title("also in the training set", fontsize=10)


def _draw_seen_and_new(ax: Axes, rows: pd.DataFrame, titles: Mapping[str, str]) -> None:
    rows = rows[rows["accuracy_seen_mean"].notna()].reset_index(drop=True)
    seen, new = rows["accuracy_seen_mean"], rows["accuracy_new_mean"]
    ax.hlines(rows.index, new, seen, color=GREY, lw=1)
    ax.plot(seen, rows.index, "o", color=RED, label="specimen seen in training")
    ax.plot(new, rows.index, "o", color=BLUE, label="new specimen")
    ax.set_yticks(rows.index, [titles[f] for f in rows["family"]], fontsize=8)
    # One free row below for the legend.
    ax.set(xlim=(0, 1.04), xlabel="accuracy", ylim=(len(rows) + 0.6, -0.6))
    ax.legend(fontsize=7, frameon=False, loc="lower right", ncols=2)
    ax.set_title("random split: seen and new specimens", fontsize=10)
