"""Figures of spectra and of the common grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, SHIFT_LABEL, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def before_and_after(
    measured: Mapping[str, Any], grid: npt.ArrayLike, resampled: npt.ArrayLike, title: str
) -> Figure:
    """Draws a spectrum as measured and on the common grid (cf. Pappone 2024, Figure 5).

    Args:
        measured: a row of a SPECTRA table.
        grid: cm⁻¹ [m].
        resampled: 0 to 1 [m].
        title: names the spectrum.
    """
    figure, (left, right) = new_figure(10, 3.2, columns=2)
    left.plot(measured["raman_shift"], measured["intensity"], color=BLUE, linewidth=0.8)
    left.set(title=f"{title}, as measured", xlabel=SHIFT_LABEL, ylabel="intensity (counts)")
    right.plot(grid, resampled, color=ORANGE, linewidth=0.8)
    right.set(title="on the common grid", xlabel=SHIFT_LABEL, ylabel="intensity (0-1)")
    return figure


def window_coverage(grid: npt.ArrayLike, share: npt.ArrayLike, start: float, stop: float) -> Figure:
    """Draws the share of spectra that cover each Raman shift of the window."""
    figure, (ax,) = new_figure(8, 2.8)
    ax.fill_between(grid, share, color=GREY, step="mid")
    ax.set(
        title=f"window {start:g}-{stop:g} cm⁻¹: share of spectra that cover each point",
        xlabel=SHIFT_LABEL,
        ylabel="share of spectra",
        ylim=(0, 1.02),
    )
    return figure
