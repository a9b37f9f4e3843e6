"""Figures of what predicted probabilities are worth.

What belongs here: reliability, coverage, abstention, distance. What does not: labels
(see `geolocation`).

Every figure takes titles of families to their pooled predictions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raman_pipeline.learning.geolocation.calibration import expected_calibration_error, reliability
from raman_pipeline.learning.geolocation.metrics import abstention, coverages
from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

Pooled = Mapping[str, pd.DataFrame]
_LINES = (GREY, ORANGE, RED, BLUE, "#2f855a", "#805ad5")


def reliability_diagrams(pooled: Pooled, split: str) -> Figure:
    """Draws accuracy against stated probability, as fitted and calibrated."""
    figure, axes = new_figure(1 + 2.5 * len(pooled), 3.4, len(pooled))
    for ax, (title, rows) in zip(axes, pooled.items(), strict=True):
        right = rows["country"] == rows["predicted"]
        ax.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
        for column, word, colour in (
            ("uncalibrated_probability", "as fitted", ORANGE),
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
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="stated probability")
        ax.legend(fontsize=7, frameon=False, loc="upper left", markerscale=0.6)
        ax.set_title(title, fontsize=9)
    axes[0].set_ylabel("share that was right")
    figure.suptitle(f"Reliability, {split} split ({_n(pooled)})", fontsize=10)
    return figure


def coverage_curves(pooled: Pooled, split: str) -> Figure:
    """Draws measured against stated coverage of the conformal sets, and their sizes."""
    figure, (left, right) = new_figure(9, 3.8, 2)
    left.plot([0.45, 1], [0.45, 1], color=GREY, lw=1, ls="--")
    for colour, (title, rows) in zip(_LINES, pooled.items(), strict=False):
        table = coverages(rows)
        left.plot(table["nominal"], table["spectra"], "o-", color=colour, label=title, ms=4)
        right.plot(table["nominal"], table["size"], "o-", color=colour, label=title, ms=4)
    left.set(xlabel="stated coverage", ylabel="measured coverage (by spectrum)")
    right.set(xlabel="stated coverage", ylabel="countries in a set (mean)", ylim=(0, None))
    left.legend(fontsize=8, frameon=False)
    figure.suptitle(f"Conformal sets, {split} split ({_n(pooled)})", fontsize=10)
    return figure


def abstention_curves(pooled: Pooled, split: str) -> Figure:
    """Draws accuracy among the most confident answers, against how many are given."""
    figure, (ax,) = new_figure(6, 3.8)
    for colour, (title, rows) in zip(_LINES, pooled.items(), strict=False):
        table = abstention(rows)
        # A handful of answers says nothing of a rate.
        table = table[table["answered"] * len(rows) >= 20]
        ax.plot(table["answered"], table["accuracy"], color=colour, label=title, lw=1.4)
    ax.set(xlabel="share of spectra answered", ylabel="accuracy among them", ylim=(0, 1))
    ax.legend(fontsize=8, frameon=False)
    ax.set_title(f"Abstaining where unsure, {split} split ({_n(pooled)})", fontsize=10)
    return figure


def distance_curves(pooled: Pooled, split: str) -> Figure:
    """Draws how many specimens' positions lie within a distance of the predicted ones."""
    figure, (ax,) = new_figure(6, 3.8)
    for colour, (title, rows) in zip(_LINES, pooled.items(), strict=False):
        distance = np.sort(rows["distance_km"].dropna())
        if len(distance):
            share = np.arange(1, len(distance) + 1) / len(distance)
            word = f"{title}, median {np.median(distance):,.0f} km"
            ax.plot(distance, share, color=colour, label=word, lw=1.4)
    ax.set(xlabel="great-circle distance (km)", ylabel="share of spectra", ylim=(0, 1))
    ax.set_xlim(left=0)
    if ax.lines:
        ax.legend(fontsize=8, frameon=False)
    ax.set_title(
        f"Probability-weighted position to the specimen's, {split} split ({_n(pooled)})",
        fontsize=10,
    )
    return figure


def _n(pooled: Pooled) -> str:
    counts = sorted({len(rows) for rows in pooled.values()})
    return f"n = {' or '.join(f'{n:,}' for n in counts)} test spectra"
