"""The interactive map: countries by spectra, specimens as points, in one page.

The countries are drawn as plain polygons: plotly's own maps download their outlines, and
the page must open without a network.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd
    import plotly.graph_objects as go
    import shapely

_SIMPLIFY_DEGREES = 0.1


def world_page(
    counts: pd.DataFrame, specimens: pd.DataFrame, countries: gpd.GeoDataFrame, title: str
) -> go.Figure:
    """Returns a map with hover texts that can be zoomed.

    Args:
        counts: columns `name` (country), `raw`, `processed`, `specimens`.
        specimens: a LOCATED_SPECIMENS table.
        countries: columns `country` and geometry, WGS 84.
        title: of the figure.
    """
    import plotly.graph_objects as go

    by_name = counts.set_index("name")
    top = math.log10(max(int(by_name["raw"].add(by_name["processed"]).max()), 10))
    figure = go.Figure()
    for name, polygon in zip(countries["country"], countries.geometry, strict=True):
        row = by_name.loc[name] if name in by_name.index else None
        figure.add_trace(_country(name, polygon, row, top))
    figure.add_trace(_points(specimens[specimens["latitude"].notna()]))
    figure.update_layout(
        title=title,
        showlegend=False,
        plot_bgcolor="white",
        dragmode="pan",
        hoverlabel={"align": "left"},
        xaxis={"range": [-180, 180], "visible": False},
        yaxis={"range": [-60, 85], "visible": False, "scaleanchor": "x", "scaleratio": 1.2},
    )
    return figure


def _country(name: str, polygon: shapely.Geometry, row: pd.Series | None, top: float) -> go.Scatter:
    import plotly.graph_objects as go
    import shapely
    from plotly.colors import sample_colorscale

    longitude, latitude = _outline(shapely.simplify(polygon, _SIMPLIFY_DEGREES))
    text, colour = f"{name}: none", "#edf2f7"
    if row is not None:
        total = int(row["raw"] + row["processed"])
        colour = sample_colorscale("Blues", [0.15 + 0.85 * math.log10(max(total, 1)) / top])[0]
        text = (
            f"{name}: {total:,} spectra ({int(row['processed']):,} Processed, "
            f"{int(row['raw']):,} RAW) of {int(row['specimens']):,} specimens"
        )
    return go.Scatter(
        x=longitude,
        y=latitude,
        mode="lines",
        fill="toself",
        fillcolor=colour,
        line={"color": "#a0aec0", "width": 0.5},
        hoveron="fills",
        hoverinfo="text",
        text=text,
        name=name,
    )


def _points(specimens: pd.DataFrame) -> go.Scatter:
    import plotly.graph_objects as go

    text = [
        f"{row.rruff_id} {row.mineral}<br>{row.locality}<br>"
        f"{row.level}, within {row.coordinate_uncertainty_km:g} km"
        for row in specimens.itertuples()
    ]
    at_place = specimens["level"].eq("place").to_numpy()
    return go.Scatter(
        x=specimens["longitude"],
        y=specimens["latitude"],
        mode="markers",
        marker={"size": 4, "color": np.where(at_place, "#c53030", "#dd6b20"), "opacity": 0.7},
        hoverinfo="text",
        text=text,
        name="specimens",
    )


def _outline(polygon: shapely.Geometry) -> tuple[list[float | None], list[float | None]]:
    """Returns the outer rings as one line, with gaps between them."""
    import shapely

    longitude: list[float | None] = []
    latitude: list[float | None] = []
    for part in shapely.get_parts(polygon):
        ring = shapely.get_coordinates(part.exterior).round(2)
        longitude += [*ring[:, 0].tolist(), None]
        latitude += [*ring[:, 1].tolist(), None]
    return longitude, latitude
