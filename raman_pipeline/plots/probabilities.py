"""Figures of predicted probabilities: reliability, coverage, abstention, distance.

Every figure takes a mapping of family titles to pooled predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from raman_pipeline.learning.geolocation.calibration import expected_calibration_error, reliability
from raman_pipeline.learning.geolocation.metrics import abstention, coverages
from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pooled = Mapping[str, pd.DataFrame]
_LINES = (GREY, ORANGE, RED, BLUE, "#2f855a", "#805ad5")


def reliability_diagrams(pooled: Pooled, split: str) -> Figure:
    """Draws accuracy against predicted probability, uncalibrated and calibrated."""
    figure, axes = new_figure(1 + 2.5 * len(pooled), 3.4, len(pooled))
    for ax, (title, rows) in zip(axes, pooled.items(), strict=True):
        right = rows["country"] == rows["predicted"]
        ax.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
        for column, word, colour in (
            ("uncalibrated_probability", "uncalibrated", ORANGE),
            ("probability", "calibrated", BLUE),
        ):
            table = reliability(rows[column], right)
            error = expected_calibration_error(table)
            ax.plot(table["confidence"], table["accuracy"], color=colour, lw=1)
            ax.scatter(
                table["confidence"],
                table["accuracy"],
                6 + 120 * table["n"] / table["n"].sum(),
                color=colour,
                label=f"{word}, ECE {error:.3f}",
            )
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted probability")
        ax.legend(fontsize=7, frameon=False, loc="upper left", markerscale=0.6)
        ax.set_title(title, fontsize=9)
    axes[0].set_ylabel("accuracy")
    figure.suptitle(f"Reliability, {split} split ({_n(pooled)})", fontsize=10)
    return figure


def coverage_curves(pooled: Pooled, split: str) -> Figure:
    """Draws empirical against nominal coverage of the conformal sets, and their sizes."""
    figure, (left, right) = new_figure(9, 3.8, 2)
    left.plot([0.45, 1], [0.45, 1], color=GREY, lw=1, ls="--")
    for colour, (title, rows) in zip(_LINES, pooled.items(), strict=False):
        table = coverages(rows)
        left.plot(table["nominal"], table["spectra"], "o-", color=colour, label=title, ms=4)
        right.plot(table["nominal"], table["size"], "o-", color=colour, label=title, ms=4)
    left.set(xlabel="nominal coverage", ylabel="empirical coverage (by spectrum)")
    right.set(xlabel="nominal coverage", ylabel="mean number of countries per set", ylim=(0, None))
    left.legend(fontsize=8, frameon=False)
    figure.suptitle(f"Conformal sets, {split} split ({_n(pooled)})", fontsize=10)
    return figure


def abstention_curves(pooled: Pooled, split: str) -> Figure:
    """Draws accuracy among the most confident predictions against their share."""
    figure, (ax,) = new_figure(6, 3.8)
    for colour, (title, rows) in zip(_LINES, pooled.items(), strict=False):
        table = abstention(rows)
        # Rates over fewer predictions are too noisy.
        table = table[table["answered"] * len(rows) >= 20]
        ax.plot(table["answered"], table["accuracy"], color=colour, label=title, lw=1.4)
    ax.set(xlabel="share of spectra predicted", ylabel="accuracy", ylim=(0, 1))
    ax.legend(fontsize=8, frameon=False)
    ax.set_title(f"Selective prediction, {split} split ({_n(pooled)})", fontsize=10)
    return figure


def distance_curves(pooled: Pooled, split: str) -> Figure:
    """Draws the distribution of the distance between predicted and true position."""
    figure, (ax,) = new_figure(6, 3.8)
    for colour, (title, rows) in zip(_LINES, pooled.items(), strict=False):
        distance = np.sort(rows["distance_km"].dropna())
        if len(distance):
            share = np.arange(1, len(distance) + 1) / len(distance)
            label = f"{title}, median {np.median(distance):,.0f} km"
            ax.plot(distance, share, color=colour, label=label, lw=1.4)
    ax.set(xlabel="great-circle distance (km)", ylabel="share of spectra", ylim=(0, 1))
    ax.set_xlim(left=0)
    if ax.lines:
        ax.legend(fontsize=8, frameon=False)
    ax.set_title(
        f"Error of the probability-weighted position, {split} split ({_n(pooled)})",
        fontsize=10,
    )
    return figure


def _n(pooled: Pooled) -> str:
    counts = sorted({len(rows) for rows in pooled.values()})
    return f"n = {' or '.join(f'{n:,}' for n in counts)} test spectra"
