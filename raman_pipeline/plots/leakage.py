"""The figure of leakage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from raman_pipeline.learning.data.splits import LEAKED, SPLITS
from raman_pipeline.learning.geolocation.siblings import (
    MANY_SPECTRA,
    PAPER_SIBLINGS,
    Interval,
    SiblingAccuracy,
    number_of_siblings,
)
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
_FAMILIES = (BLUE, RED, "#2f855a")


def leakage_summary(
    shares: pd.DataFrame,
    steps: pd.DataFrame,
    siblings: Mapping[str, SiblingAccuracy],
    titles: Mapping[str, str],
    note: str,
) -> Figure:
    """Draws leakage and accuracy by split, and accuracy by number and kind of siblings.

    Args:
        shares: columns `split`, `same specimen`, `same measurement`, `near duplicate`.
        steps: from `decomposition`.
        siblings: by title of family, of the random split.
        titles: by family name.
        note: of the data.
    """
    figure, axes = new_figure(14, 9.5, 2, 2)
    _draw_shares(axes[0], shares)
    _draw_steps(axes[1], steps, titles)
    _draw_numbers(axes[2], siblings)
    _draw_kinds(axes[3], siblings)
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
    ax.set_xticks(range(len(shares)), shares["split"], fontsize=8)
    ax.set(ylim=(0, 1), ylabel="share of test spectra")
    ax.legend(fontsize=8, frameon=False)
    ax.set_title("also in the training set", fontsize=10)


def _draw_steps(ax: Axes, steps: pd.DataFrame, titles: Mapping[str, str]) -> None:
    order = {split: i for i, split in enumerate(SPLITS)}
    for i, (name, rows) in enumerate(steps.groupby("family", sort=False)):
        at = rows["split"].map(order)
        style = "o-" if i < len(_LINES) else "s--"
        colour = _LINES[i % len(_LINES)]
        ax.plot(at, rows["accuracy"], style, color=colour, label=titles[str(name)], ms=4)
    lost = {split: f"\nwithout\n{fill(what, 16)}" for split, what in LEAKED.items()}
    ax.set_xticks(range(len(SPLITS)), [s + lost.get(s, "") for s in SPLITS], fontsize=8)
    ax.set(ylim=(0, 1.04), ylabel="accuracy")
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set_title("accuracy by split: each step takes something from training", fontsize=10)


def _draw_numbers(ax: Axes, siblings: Mapping[str, SiblingAccuracy]) -> None:
    labels: dict[int, str] = {}
    for i, (title, found) in enumerate(siblings.items()):
        rows, colour, aside = found.by_number, _FAMILIES[i], 0.08 * (i - 1)
        _draw_intervals(ax, rows["siblings"] + aside, list(rows["accuracy"]), colour, title)
        for s, n in zip(rows["siblings"], rows["n"], strict=True):
            labels.setdefault(s, f"{number_of_siblings(s)}\nn={n:,}")
        if found.forecast:
            at = pd.Series([PAPER_SIBLINGS + aside])
            _draw_intervals(ax, at, [found.forecast.paper], colour, marker="*")
    ax.set_xticks(list(labels), list(labels.values()), fontsize=8)
    ax.set(ylim=(0, 1.04), xlabel="training spectra of the same specimen", ylabel="accuracy")
    ax.legend(fontsize=8, frameon=False, loc="lower right")
    title = f"random split, by number of siblings; star: predicted for {MANY_SPECTRA} spectra"
    ax.set_title(f"{title} a specimen", fontsize=10)


def _draw_kinds(ax: Axes, siblings: Mapping[str, SiblingAccuracy]) -> None:
    labels: dict[str, int] = {}
    for i, (title, found) in enumerate(siblings.items()):
        rows = found.by_kind.sort_values(["siblings", "kinds"])
        names = rows["siblings"].map(number_of_siblings) + ": " + rows["kinds"]
        for name in names:
            labels.setdefault(name, len(labels))
        at = names.map(labels) + 0.15 * (i - 1)
        _draw_intervals(ax, at, list(rows["accuracy"]), _FAMILIES[i], title, across=True)
    ax.set_yticks(list(labels.values()), list(labels), fontsize=8)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.04), xlabel="accuracy")
    ax.set_title("random split, by number and kind of siblings", fontsize=10)


def _draw_intervals(
    ax: Axes,
    at: pd.Series,
    shares: Sequence[Interval],
    colour: str,
    label: str | None = None,
    marker: str = "o",
    across: bool = False,
) -> None:
    """Draws shares with their 95% intervals, upright or across."""
    value = [s.value for s in shares]
    error = [[s.value - s.low for s in shares], [s.high - s.value for s in shares]]
    style: dict[str, Any] = {
        "fmt": marker,
        "color": colour,
        "label": label,
        "ms": 11 if marker == "*" else 4,
    }
    if across:
        ax.errorbar(value, at, xerr=error, lw=1, **style)
    else:
        ax.errorbar(at, value, yerr=error, lw=1, **style)
