"""Figures of the specimens: where they come from.

What belongs here: maps and counts of the data set. What does not: results of models.
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from raman_pipeline.plots.style import BLUE, GREY, RED, new_figure


def specimen_map(samples: pd.DataFrame, countries: gpd.GeoDataFrame) -> Figure:
    """Draws specimens per country and those with coordinates.

    Args:
        samples: columns `country`, `latitude`, `longitude`, one row a specimen.
        countries: columns `country` and geometry, WGS 84.
    """
    figure, (ax,) = new_figure(9, 4.4)
    counts = samples["country"].value_counts()
    frame = countries.assign(specimens=countries["country"].map(counts).fillna(0))
    frame.plot(ax=ax, color="#edf2f7", edgecolor=GREY, linewidth=0.2)
    known = frame[frame["specimens"] > 0]
    if len(known):
        norm = LogNorm(vmin=1, vmax=max(float(known["specimens"].max()), 10.0))
        known.plot(
            ax=ax,
            column="specimens",
            cmap="Blues",
            norm=norm,
            edgecolor=GREY,
            linewidth=0.2,
            legend=True,
            legend_kwds={"label": "specimens", "shrink": 0.6},
        )
    ax.scatter(samples["longitude"], samples["latitude"], s=3, color=RED, linewidths=0)
    located = int(samples["latitude"].notna().sum())
    ax.set_title(
        f"{len(samples):,} specimens, {int(samples['country'].notna().sum()):,} with a country "
        f"(blue), {located:,} with a place (red)",
        fontsize=10,
    )
    ax.set(xlim=(-180, 180), ylim=(-90, 90), xticks=[], yticks=[], xlabel="", ylabel="")
    return figure


def country_counts(samples: pd.DataFrame, top: int = 20) -> Figure:
    """Draws specimens per country, the commonest first."""
    counts = samples["country"].value_counts().head(top)
    figure, (ax,) = new_figure(8, 3.6)
    ax.bar(range(len(counts)), counts.to_numpy(), color=BLUE)
    ax.set_xticks(range(len(counts)), list(counts.index), rotation=60, ha="right", fontsize=7)
    ax.set(ylabel="specimens")
    return figure
