"""Figures of denoising.

What belongs here: spectra before and after, errors by noise. What does not: judging (see
`raman_pipeline.learning.denoising.judgement`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, SHIFT_LABEL, new_figure

Spectra = npt.NDArray[np.floating]
_COLOURS = (GREY, ORANGE, RED, "#2f855a", BLUE, "#805ad5")


def clean_noisy_denoised(
    grid: npt.NDArray[np.float64],
    clean: Spectra,
    noisy: Spectra,
    denoised: Spectra,
    names: list[str],
    title: str,
) -> Figure:
    """Draws spectra as measured, with noise added, and denoised, one row a spectrum.

    Args:
        grid: float64 [m], cm⁻¹.
        clean: [k, m].
        noisy: [k, m].
        denoised: [k, m].
        names: k names.
        title: printed above.
    """
    figure, _ = new_figure(8, 1 + 1.7 * len(names), 0)
    axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for ax, name, c, n, d in zip(axes, names, clean, noisy, denoised, strict=True):
        ax.plot(grid, n, color=ORANGE, lw=0.5, alpha=0.7, label="noise added")
        ax.plot(grid, c, color=GREY, lw=1.6, label="as measured")
        ax.plot(grid, d, color=BLUE, lw=0.9, label="denoised")
        ax.set_title(name, fontsize=8, loc="left")
        ax.set_yticks([])
        ax.spines[["top", "right", "left"]].set_visible(False)
    axes[0].legend(fontsize=7, frameon=False, ncols=3, loc="upper right")
    axes[-1].set_xlabel(SHIFT_LABEL)
    figure.suptitle(title, fontsize=10)
    return figure


def error_by_noise(judged: pd.DataFrame, title: str) -> Figure:
    """Draws error and peak error of every method against the noise, means over seeds.

    Args:
        judged: a DENOISING table.
        title: printed above.
    """
    figure, (left, middle, right) = new_figure(12, 4, 3)
    means = judged.groupby(["method", "noise"], sort=False).mean(numeric_only=True).reset_index()
    for colour, (method, rows) in zip(_COLOURS, means.groupby("method", sort=False), strict=False):
        style = {"color": colour, "ms": 4, "label": method}
        left.plot(rows["noise"], rows["mse"], "o-", **style)
        if method != "nothing":
            middle.plot(rows["noise"], rows["peak_error_cm1"], "o-", **style)
            right.plot(rows["noise"], rows["peaks_found"], "o-", **style)
            right.plot(rows["noise"], rows["peaks_added"], "x:", color=colour, ms=4)
    left.set(yscale="log", ylabel="mean squared error")
    middle.set(ylabel="peak position error (cm⁻¹)")
    right.set(ylabel="share of peaks found (o); peaks added a spectrum (x)")
    for ax in (left, middle, right):
        ax.set(xscale="log", xlabel="standard deviation of the noise")
    left.legend(fontsize=7, frameon=False)
    figure.suptitle(title, fontsize=10)
    return figure
