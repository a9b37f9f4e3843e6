"""Figures of identification.

What belongs here: a query beside its references, right minerals by protocol, what scores are worth.
What does not: searching (see `raman_pipeline.learning.identification`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, SHIFT_LABEL, new_figure

Spectrum = npt.NDArray[np.floating]
_BINS = 10


def query_and_references(
    grid: npt.NDArray[np.float64],
    query: Spectrum,
    references: Sequence[tuple[str, Spectrum]],
    title: str,
) -> Figure:
    """Draws a query above the reference spectra that it is most like.

    Args:
        grid: float64 [m], cm⁻¹.
        query: [m], 0 to 1; NaN where nothing was measured.
        references: a name and a spectrum [m] each.
        title: printed above.
    """
    figure, (ax,) = new_figure(9, 1.4 + 0.95 * (1 + len(references)))
    for i, (name, spectrum) in enumerate([("query", query), *references]):
        base = 1.15 * (len(references) - i)
        ax.plot(grid, base + spectrum, color=ORANGE if i == 0 else BLUE, lw=0.9)
        ax.text(grid[-1], base + 0.85, name, ha="right", va="center", fontsize=8)
        if i:
            ax.plot(grid, base + query, color=GREY, lw=0.6, alpha=0.7, zorder=0)
    ax.set(xlabel=SHIFT_LABEL, yticks=[], xlim=(grid[0], grid[-1]))
    ax.spines["left"].set_visible(False)
    figure.suptitle(title, fontsize=10)
    return figure


def tops_by_protocol(table: pd.DataFrame, title: str) -> Figure:
    """Draws the shares named first and among the first five, one row a protocol.

    Args:
        table: `protocol`, `top1`, `top5`.
        title: printed above.
    """
    figure, (ax,) = new_figure(9, 1.2 + 0.45 * len(table))
    at = np.arange(len(table))[::-1]
    ax.barh(at, table["top5"], color=GREY, height=0.6, label="among the first five")
    ax.barh(at, table["top1"], color=BLUE, height=0.6, label="first")
    for y, first, five in zip(at, table["top1"], table["top5"], strict=True):
        ax.text(0.01, y, f"{first:.3f} / {five:.3f}", va="center", fontsize=8, color="white")
    ax.set_yticks(at, table["protocol"], fontsize=8)
    ax.set(xlim=(0, 1), xlabel="share of spectra whose mineral is right")
    figure.legend(fontsize=8, frameon=False, loc="outside lower right", ncols=2)
    figure.suptitle(title, fontsize=10)
    return figure


def reliability_of_scores(
    score: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], title: str
) -> Figure:
    """Draws how often the best mineral is right against the chance that was stated.

    Args:
        score: stated, float64 [n].
        right: bool [n].
        title: printed above.
    """
    figure, (ax,) = new_figure(4.6, 4.2)
    bins = np.minimum((score * _BINS).astype(int), _BINS - 1)
    ax.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
    rows = [
        (score[bins == b].mean(), right[bins == b].mean(), (bins == b).sum()) for b in set(bins)
    ]
    stated, measured, n = np.array(sorted(rows)).T
    ax.plot(stated, measured, color=BLUE, lw=1)
    ax.scatter(stated, measured, 10 + 150 * n / n.sum(), color=BLUE)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="stated chance of the best mineral, it being known")
    ax.set_ylabel("share that was right")
    figure.suptitle(title, fontsize=9)
    return figure
