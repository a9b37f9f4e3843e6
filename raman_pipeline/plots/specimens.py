"""Figures of the specimens: maps and counts of the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def specimen_map(specimens: pd.DataFrame, countries: gpd.GeoDataFrame) -> Figure:
    """Draws specimens per country and those with coordinates.

    Args:
        specimens: columns `country`, `latitude`, `longitude`, `level`, one row per specimen.
        countries: columns `country` and geometry, WGS 84.
    """
    figure, (ax,) = new_figure(9, 4.4)
    _choropleth(ax, specimens["country"].value_counts(), countries, "specimens")
    at_place = specimens["level"].eq("place")
    divided = specimens["latitude"].notna() & ~at_place
    for part, colour in ((divided, ORANGE), (at_place, RED)):
        points = specimens[part]
        ax.scatter(points["longitude"], points["latitude"], s=3, color=colour, linewidths=0)
    ax.set_title(
        f"{len(specimens):,} specimens, {int(specimens['country'].notna().sum()):,} with a country "
        f"(blue), {int(at_place.sum()):,} at a place (red), {int(divided.sum()):,} in the middle "
        "of a division (orange)",
        fontsize=9,
    )
    ax.set(xlim=(-180, 180), ylim=(-90, 90), xticks=[], yticks=[], xlabel="", ylabel="")
    return figure


def sample_density(counts: pd.Series, countries: gpd.GeoDataFrame, title: str) -> Figure:
    """Draws spectra per country (cf. Pappone 2024, Figure 1).

    Args:
        counts: spectra by Natural Earth country.
        countries: columns `country` and geometry, WGS 84.
        title: of the figure.
    """
    figure, (ax,) = new_figure(9, 4.4)
    _choropleth(ax, counts, countries, "spectra")
    ax.set_title(title, fontsize=10)
    ax.set(xlim=(-180, 180), ylim=(-90, 90), xticks=[], yticks=[], xlabel="", ylabel="")
    return figure


def count_bars(counts: pd.DataFrame, title: str) -> Figure:
    """Draws counts per kind, the most common first (cf. Pappone 2024, Figures 2 and 3).

    Args:
        counts: columns `name`, `raw`, `processed`, in the order to draw.
        title: of the figure.
    """
    figure, (ax,) = new_figure(8, 3.6)
    at = range(len(counts))
    ax.bar(at, counts["processed"], color=BLUE, label="Processed")
    ax.bar(at, counts["raw"], bottom=counts["processed"], color=GREY, label="RAW")
    ax.set_xticks(at, list(counts["name"]), rotation=60, ha="right", fontsize=7)
    ax.set(ylabel="spectra")
    ax.set_title(title, fontsize=10)
    ax.legend(frameon=False, fontsize=8)
    return figure


def radius_by_level(located: pd.DataFrame) -> Figure:
    """Draws what was located, and the cumulative distribution of the uncertainty by level.

    Args:
        located: columns `level`, `coordinate_uncertainty_km`, one row per locality.
    """
    figure, (left, right) = new_figure(10, 3.4, columns=2)
    levels = ["place", "admin2", "admin1", "country", "none"]
    counts = located["level"].value_counts().reindex(levels, fill_value=0)
    left.bar(levels, counts.to_numpy(), color=BLUE)
    for at, count in enumerate(counts):
        left.text(at, count, f"{count:,}", ha="center", va="bottom", fontsize=8)
    left.set(ylabel="localities")
    left.set_title("what was located", fontsize=10)
    for level, colour in zip(levels[:3], (BLUE, ORANGE, GREY), strict=True):
        radii = (
            located.loc[located["level"] == level, "coordinate_uncertainty_km"]
            .dropna()
            .sort_values()
        )
        share = [(i + 1) / len(radii) for i in range(len(radii))]
        right.step(radii, share, where="post", color=colour, label=level)
    right.set(xscale="log", xlabel="coordinate uncertainty (km)", ylabel="share of the level")
    right.legend(frameon=False, fontsize=8)
    return figure


def _choropleth(ax: Axes, counts: pd.Series, countries: gpd.GeoDataFrame, label: str) -> None:
    from matplotlib.colors import LogNorm

    frame = countries.assign(count=countries["country"].map(counts).fillna(0))
    frame.plot(ax=ax, color="#edf2f7", edgecolor=GREY, linewidth=0.2)
    known = frame[frame["count"] > 0]
    if len(known):
        norm = LogNorm(vmin=1, vmax=max(float(known["count"].max()), 10.0))
        known.plot(
            ax=ax,
            column="count",
            cmap="Blues",
            norm=norm,
            edgecolor=GREY,
            linewidth=0.2,
            legend=True,
            legend_kwds={"label": label, "shrink": 0.6},
        )


def country_counts(specimens: pd.DataFrame, top: int = 20) -> Figure:
    """Draws specimens per country, the most common first."""
    counts = specimens["country"].value_counts().head(top)
    figure, (ax,) = new_figure(8, 3.6)
    ax.bar(range(len(counts)), counts.to_numpy(), color=BLUE)
    ax.set_xticks(range(len(counts)), list(counts.index), rotation=60, ha="right", fontsize=7)
    ax.set(ylabel="specimens")
    return figure
