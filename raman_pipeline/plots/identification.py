"""Figures of identification.

What belongs here: a query and its references, accuracy by protocol and under disturbances, a
reliability diagram. What does not: the numbers (see `raman_pipeline.learning.identification`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, SHIFT_LABEL, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from raman_pipeline.spectra.peak_table import PeakTable

Spectrum = npt.NDArray[np.floating]
_BINS = 10
_MOST_DRAWN = 24
_MARKS = {
    "matched": ("|", BLUE),
    "shifted": ("d", ORANGE),
    "missing": ("x", RED),
    "unexplained": ("v", RED),
}
"""Sign and colour of each state of a peak."""


def query_and_references(
    grid: npt.NDArray[np.float64],
    query: Spectrum,
    references: Sequence[tuple[str, Spectrum]],
    title: str,
    peaks: PeakTable | None = None,
) -> Figure:
    """Plots a query above its most similar reference spectra.

    Peaks of the query are marked above it, missing ones above the first reference.

    Args:
        grid: float64 [m], cm⁻¹.
        query: [m], 0 to 1; NaN where not valid.
        references: a name and a spectrum [m] each.
        title: printed above.
        peaks: of the query and the first reference.
    """
    figure, (ax,) = new_figure(9, 1.4 + 0.95 * (1 + len(references)))
    for i, (name, spectrum) in enumerate([("query", query), *references]):
        base = 1.15 * (len(references) - i)
        ax.plot(grid, base + spectrum, color=ORANGE if i == 0 else BLUE, lw=0.9)
        _label(ax, grid[-1], base + 0.85, name)
        if i:
            ax.plot(grid, base + query, color=GREY, lw=0.6, alpha=0.7, zorder=0)
    ax.set(xlabel=SHIFT_LABEL, yticks=[], xlim=(grid[0], grid[-1]))
    ax.spines["left"].set_visible(False)
    figure.suptitle(title, fontsize=10, parse_math=False)
    if peaks is not None:
        _mark(ax, peaks, 1.15 * len(references))
        if ax.get_legend_handles_labels()[0]:
            figure.legend(fontsize=7, frameon=False, loc="outside lower right", ncols=4)
    return figure


def _label(ax: Axes, x: float, y: float, name: str) -> None:
    # Names of files and own minerals may hold dollar signs, which would be formulae.
    ax.text(x, y, name, ha="right", va="center", fontsize=8, parse_math=False)


def _mark(ax: Axes, peaks: PeakTable, base: float) -> None:
    for state, (sign, colour) in _MARKS.items():
        rows = [row for row in peaks.rows if row.state == state]
        if state == "missing":
            at = [(row.reference_cm1, base - 1.15 + (row.reference_height or 0)) for row in rows]
        else:
            at = [(row.query_cm1, base + (row.query_height or 0)) for row in rows]
        if at:
            x, y = np.array(at, dtype=np.float64).T
            label = f"{state} {len(at)}"
            ax.scatter(x, y + 0.06, 18, color=colour, marker=sign, lw=1, label=label, zorder=3)


def reference_spectra(
    grid: npt.NDArray[np.float64], spectra: Sequence[tuple[str, Spectrum]], title: str
) -> Figure:
    """Plots the reference spectra of a name below each other; of many, the first ones.

    Args:
        grid: float64 [m], cm⁻¹.
        spectra: a label and a spectrum [m] each, 0 to 1.
        title: printed above.
    """
    drawn = spectra[:_MOST_DRAWN]
    figure, (ax,) = new_figure(9, 1.2 + 0.7 * len(drawn))
    for i, (label, spectrum) in enumerate(drawn):
        base = 1.15 * (len(drawn) - 1 - i)
        ax.plot(grid, base + spectrum, color=BLUE, lw=0.9)
        _label(ax, grid[-1], base + 0.8, label)
    ax.set(xlabel=SHIFT_LABEL, yticks=[], xlim=(grid[0], grid[-1]))
    ax.spines["left"].set_visible(False)
    more = f" ({len(drawn)} of {len(spectra)} spectra)" if len(drawn) < len(spectra) else ""
    figure.suptitle(title + more, fontsize=10, parse_math=False)
    return figure


def accuracy_by_protocol(table: pd.DataFrame, title: str) -> Figure:
    """Plots top-1 and top-5 accuracy, one bar per protocol.

    Args:
        table: `protocol`, `top1`, `top5`.
        title: printed above.
    """
    figure, (ax,) = new_figure(9, 1.2 + 0.45 * len(table))
    at = np.arange(len(table))[::-1]
    ax.barh(at, table["top5"], color=GREY, height=0.6, label="top-5")
    ax.barh(at, table["top1"], color=BLUE, height=0.6, label="top-1")
    for y, first, five in zip(at, table["top1"], table["top5"], strict=True):
        ax.text(0.01, y, f"{first:.3f} / {five:.3f}", va="center", fontsize=8, color="white")
    ax.set_yticks(at, table["protocol"], fontsize=8)
    ax.set(xlim=(0, 1), xlabel="accuracy (mineral)")
    figure.legend(fontsize=8, frameon=False, loc="outside lower right", ncols=2)
    figure.suptitle(title, fontsize=10)
    return figure


def reliability_diagram(
    probability: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_], title: str
) -> Figure:
    """Plots the accuracy of the best mineral against its predicted probability.

    Args:
        probability: predicted, float64 [n].
        correct: bool [n].
        title: printed above.
    """
    figure, (ax,) = new_figure(4.6, 4.2)
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    ax.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
    rows = [
        (probability[bins == b].mean(), correct[bins == b].mean(), (bins == b).sum())
        for b in set(bins)
    ]
    predicted, observed, n = np.array(sorted(rows)).T
    ax.plot(predicted, observed, color=BLUE, lw=1)
    ax.scatter(predicted, observed, 10 + 150 * n / n.sum(), color=BLUE)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted probability, mineral in the library")
    ax.set_ylabel("accuracy")
    figure.suptitle(title, fontsize=9)
    return figure


def accuracy_under_disturbance(table: pd.DataFrame, title: str) -> Figure:
    """Plots top-1 accuracy of `identify` and of a plain search under each disturbance.

    Args:
        table: `disturbance`, `top1`, `plain_top1`.
        title: printed above.
    """
    figure, (ax,) = new_figure(9, 1.2 + 0.28 * len(table))
    at = np.arange(len(table))[::-1]
    ax.hlines(at, table["plain_top1"], table["top1"], color=GREY, lw=1)
    ax.scatter(table["plain_top1"], at, color=ORANGE, s=22, label="plain search")
    ax.scatter(table["top1"], at, color=BLUE, s=22, label="identify")
    ax.set_yticks(at, table["disturbance"], fontsize=8)
    ax.set(xlim=(0, 1), xlabel="top-1 accuracy (mineral), without the own specimen")
    figure.legend(fontsize=8, frameon=False, loc="outside lower right", ncols=2)
    figure.suptitle(title, fontsize=10)
    return figure
