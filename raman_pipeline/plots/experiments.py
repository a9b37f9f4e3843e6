"""Figures of the experiments: variants, learning curves, paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from raman_pipeline.learning.geolocation.significance import PairedTest, PowerLaw
from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_WORDS = {"accuracy": "accuracy", "macro_f1": "macro-F1"}
_LINES = (GREY, ORANGE, BLUE, RED, "#2f855a", "#805ad5")


def variant_bars(runs: pd.DataFrame, title: str) -> Figure:
    """Draws accuracy and macro-F1 of each variant, with standard deviations over folds."""
    grouped = runs.groupby("variant", sort=False)[["accuracy", "macro_f1"]]
    mean, sd = grouped.mean(), grouped.std(ddof=1).fillna(0)
    figure, (ax,) = new_figure(8, 1.2 + 0.36 * len(mean))
    y = np.arange(len(mean))
    for column, colour, offset in (("accuracy", BLUE, -0.19), ("macro_f1", ORANGE, 0.19)):
        bars = ax.barh(
            y + offset, mean[column], 0.36, xerr=sd[column], color=colour,
            label=_WORDS[column], error_kw={"elinewidth": 0.8},
        )  # fmt: skip
        ax.bar_label(bars, fmt="%.3f", fontsize=7, padding=3)
    ax.set_yticks(y, [v.replace("_", " ") for v in mean.index], fontsize=8)
    ax.invert_yaxis()
    ax.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    figure.suptitle(title, fontsize=10)
    return figure


def learning_curves(
    runs: pd.DataFrame, laws: Mapping[str, PowerLaw], titles: Mapping[str, str], note: str
) -> Figure:
    """Draws log loss and accuracy against training specimens, with the fitted power laws.

    Args:
        runs: an EXPERIMENT_RUNS table.
        laws: power law of the log loss by variant.
        titles: by variant.
        note: printed above.
    """
    figure, (left, right) = new_figure(10, 4, 2)
    for colour, (variant, rows) in zip(_LINES, runs.groupby("variant", sort=False), strict=False):
        grouped = rows.groupby("share")[["specimens", "log_loss", "accuracy"]]
        mean, sd = grouped.mean(), grouped.std(ddof=1).fillna(0)
        law = laws[variant]
        x = np.geomspace(mean["specimens"].min(), 4 * mean["specimens"].max(), 50)
        left.plot(x, law.at(x), color=colour, lw=1, ls="--")
        left.errorbar(
            mean["specimens"], mean["log_loss"], sd["log_loss"], fmt="o", ms=4, color=colour,
            label=f"{titles[variant]}: exponent {law.exponent:.3f} "
            f"({law.low:.3f} to {law.high:.3f})",
        )  # fmt: skip
        right.errorbar(
            mean["specimens"], mean["accuracy"], sd["accuracy"], fmt="o-", ms=4, color=colour, lw=1
        )
    for ax in (left, right):
        ax.set(xscale="log", xlabel="training specimens")
        _plain_ticks(ax.xaxis, (1, 2, 5), "{x:,.0f}")
    left.set(yscale="log", ylabel="log loss (nats)")
    _plain_ticks(left.yaxis, (*np.arange(1, 4, 0.2), 4, 5, 6, 8), "{x:.1f}")
    right.set(ylabel="accuracy")
    left.legend(fontsize=7, frameon=False)
    figure.suptitle(
        f"Learning curves: log loss with fitted power laws, accuracy\n{note}", fontsize=10
    )
    return figure


def _plain_ticks(axis: Axis, within_decade: Sequence[float], form: str) -> None:
    """Labels a logarithmic axis with plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_major_locator(LogLocator(subs=within_decade))
    axis.set_major_formatter(StrMethodFormatter(form))
    axis.set_minor_formatter(NullFormatter())


def paired_differences(
    tests: Mapping[str, Mapping[str, PairedTest]], model: str, note: str
) -> Figure:
    """Draws the difference of a model to each baseline, with 95% confidence intervals.

    Args:
        tests: by metric and title of the baseline.
        model: title.
        note: printed above.
    """
    figure, axes = new_figure(5 * len(tests), 3.4, len(tests))
    for ax, (metric, by_baseline) in zip(axes, tests.items(), strict=True):
        y = np.arange(len(by_baseline))
        middle = np.array([t.difference for t in by_baseline.values()])
        low = np.array([t.low for t in by_baseline.values()])
        high = np.array([t.high for t in by_baseline.values()])
        ax.errorbar(middle, y, xerr=[middle - low, high - middle], fmt="o", color=BLUE)
        ax.axvline(0, color=GREY, lw=1)
        ax.axvline(0.03, color=ORANGE, lw=1, ls="--")
        ax.set_yticks(y, list(by_baseline), fontsize=8)
        ax.set_ylim(len(y) - 0.5, -0.5)
        ax.set(xlabel=f"difference in {_WORDS[metric]} (dashed: target of 0.03)")
    figure.suptitle(f"{model} against each baseline, 95% confidence intervals\n{note}", fontsize=10)
    return figure
