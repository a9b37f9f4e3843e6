"""Figures of the synthetic tasks.

What belongs here: accuracies of all methods, distances of pairs. What does not: the numbers (see
`raman_pipeline.learning.synthetic_tasks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.learning.synthetic_tasks.names import METHODS, TITLES
from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {"embedding": ORANGE, "smoothed cosine": GREY, "peak list": "#4a5568"}
_COLOURS |= {"least squares": RED, "peak model": BLUE}
_OFFSETS = dict(zip(_COLOURS, np.linspace(0.2, -0.2, len(_COLOURS)).tolist(), strict=True))
"""Vertical offsets, since markers of equal accuracy would overlap."""


def error_rates(table: pd.DataFrame) -> Figure:
    """Plots the error rate of every method in every task on a logarithmic axis.

    Args:
        table: as `report.summary` returns it.
    """
    whole = table[(table["part"] == "all") & (table["components"] == table["at_least"])]
    tasks = list(whole[["task", "components"]].drop_duplicates().itertuples(index=False))
    figure, (ax,) = new_figure(9, 1.5 + 0.42 * len(tasks))
    names = []
    for y, (task, components) in enumerate(reversed(tasks)):
        names.append(TITLES[task] + (f" of {components}" if task == "mixtures" else ""))
        rows = whole[(whole["task"] == task) & (whole["components"] == components)]
        for row in rows.itertuples():
            # No errors are plotted as half an error.
            error = max(100 - row.mean, 50 / row.n)
            ax.plot(error, y + _OFFSETS[row.method], "o", color=_COLOURS[row.method], ms=6)
    for method in METHODS:
        if method in _COLOURS and (whole["method"] == method).any():
            ax.plot([], [], "o", color=_COLOURS[method], label=method)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_xlabel("error rate, percent (better to the right; no errors: plotted as half an error)")
    figure.legend(fontsize=8, frameon=False, loc="outside lower center", ncols=5)
    figure.suptitle("Universal synthetic tasks, means over seeds", fontsize=10)
    return figure


def distances(
    same: npt.NDArray[np.floating], other: npt.NDArray[np.floating], title: str
) -> Figure:
    """Plots distances of pairs within and between classes (Vorozhtsov 2024, Figure 1)."""
    figure, (ax,) = new_figure(6, 3.4)
    bins = np.linspace(0, 2, 101).tolist()
    ax.hist(same, bins, density=True, color=BLUE, alpha=0.7, label="within a class")
    ax.hist(other, bins, density=True, color=ORANGE, alpha=0.7, label="between classes")
    ax.set(xlabel="distance between embeddings", ylabel="density")
    ax.legend(fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=10)
    return figure
