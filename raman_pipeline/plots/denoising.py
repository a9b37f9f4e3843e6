"""Figures of denoising: spectra before and after, errors by noise level."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, SHIFT_LABEL, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXAMPLES = 3
Spectra = npt.NDArray[np.floating]
_MEASURES = {
    "mse": "mean squared error",
    "peak_error_cm1": "peak position error (cm⁻¹)",
    "peak_recall": "peak recall",
    "false_peaks": "false peaks per spectrum",
}
_COLOURS = (GREY, ORANGE, RED, "#2f855a", BLUE, "#805ad5")


def clean_noisy_denoised(
    grid: npt.NDArray[np.float64],
    clean: Spectra,
    noisy: Spectra,
    denoised: Spectra,
    names: list[str],
    title: str,
) -> Figure:
    """Draws spectra as measured, with noise added, and denoised, one row per spectrum.

    Args:
        grid: float64 [m], cm⁻¹.
        clean: [k, m].
        noisy: [k, m].
        denoised: [k, m].
        names: k names.
        title: title of the figure.
    """
    figure, _ = new_figure(8, 1 + 1.7 * len(names), 0)
    axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for ax, name, c, n, d in zip(axes, names, clean, noisy, denoised, strict=True):
        ax.plot(grid, n, color=ORANGE, lw=0.5, alpha=0.7, label="with added noise")
        ax.plot(grid, c, color=GREY, lw=1.6, label="as measured")
        ax.plot(grid, d, color=BLUE, lw=0.9, label="denoised")
        ax.set_title(name, fontsize=8, loc="left")
        ax.set_yticks([])
        ax.spines[["top", "right", "left"]].set_visible(False)
    axes[0].legend(fontsize=7, frameon=False, ncols=3, loc="upper right")
    axes[-1].set_xlabel(SHIFT_LABEL)
    figure.suptitle(title, fontsize=10)
    return figure


def denoised_examples(
    corpus: Corpus,
    denoise: Callable[[npt.NDArray[np.float32]], Spectra],
    noise: float,
    seed: int,
    title: str,
) -> Figure:
    """Draws spectra of a few minerals with added noise, and denoised.

    Args:
        corpus: the spectra to draw from.
        denoise: denoises float32 [k, m].
        noise: standard deviation of the added noise.
        seed: of the choice and of the noise.
        title: title of the figure.
    """
    rng = np.random.default_rng(seed)
    drawn = corpus.metadata.iloc[rng.permutation(len(corpus))]
    rows = drawn.drop_duplicates("mineral").index.to_numpy()[:_EXAMPLES]
    clean = corpus.intensity[rows]
    noisy = clean + np.float32(noise) * rng.standard_normal(clean.shape, dtype=np.float32)
    shown = corpus.metadata.iloc[rows]
    names = [f"{m} {r}" for m, r in zip(shown["mineral"], shown["rruff_id"], strict=True)]
    return clean_noisy_denoised(corpus.grid, clean, noisy, denoise(noisy), names, title)


def error_by_noise(runs: pd.DataFrame, title: str) -> Figure:
    """Draws errors and peaks of every method by noise level, means over seeds.

    Args:
        runs: a DENOISING_RUNS table.
        title: title of the figure.
    """
    figure, axes = new_figure(12, 3.6, len(_MEASURES))
    means = runs.groupby(["method", "noise"], sort=False).mean(numeric_only=True).reset_index()
    for ax, (measure, label) in zip(axes, _MEASURES.items(), strict=True):
        lines = means.groupby("method", sort=False)
        for colour, (method, rows) in zip(_COLOURS, lines, strict=False):
            ax.plot(rows["noise"], rows[measure], "o-", color=colour, ms=4, label=method)
        ax.set(xscale="log", xlabel="standard deviation of the noise")
        ax.set_title(label, fontsize=9)
    axes[0].set(yscale="log")
    axes[-1].set(yscale="symlog", ylim=(0, None))
    axes[0].legend(fontsize=7, frameon=False)
    figure.suptitle(title, fontsize=10)
    return figure
