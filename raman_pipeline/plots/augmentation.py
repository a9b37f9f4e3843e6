"""The figure of augmented spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from raman_pipeline.plots.style import BLUE, GREY, SHIFT_LABEL, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def augmented_spectra(
    grid: npt.NDArray[np.float64],
    spectrum: npt.NDArray[np.float32],
    copies: npt.NDArray[np.float32],
    title: str,
) -> Figure:
    """Draws a spectrum and, below it, augmented copies of it.

    Args:
        grid: float64 [m], cm⁻¹.
        spectrum: float32 [m], 0 to 1.
        copies: float32 [k, m], 0 to 1.
        title: printed above.
    """
    figure, (ax,) = new_figure(8, 1.6 + 0.8 * len(copies))
    for i, row in enumerate([spectrum, *copies]):
        ax.plot(grid, row - 1.1 * i, color=GREY if i == 0 else BLUE, lw=0.9)
    labels = ["as measured", *(f"copy {i + 1}" for i in range(len(copies)))]
    ax.set_yticks([0.4 - 1.1 * i for i in range(len(labels))], labels, fontsize=8)
    ax.set_xlabel(SHIFT_LABEL)
    ax.set_title(title, fontsize=10)
    return figure
