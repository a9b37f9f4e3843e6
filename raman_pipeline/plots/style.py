"""Colours, labels and axes that all figures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY, RED = "#2b6cb0", "#dd6b20", "#a0aec0", "#c53030"
SHIFT_LABEL = "Raman shift (cm⁻¹)"


def new_figure(
    width: float = 8.0, height: float = 4.0, columns: int = 1, rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """Returns a figure with `rows` times `columns` axes, row by row; sizes in inches.

    The figure has no window, so nothing has to be closed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes
