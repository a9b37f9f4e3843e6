"""Makes the embedded country polygons from the npm package `world-atlas`.

What belongs here: TopoJSON to GeoParquet, with rings cut at the antimeridian. What
does not: use of the polygons (see `countries`).

`world-atlas` 2.0.2 (ISC licence) holds Natural Earth 4.1.0 at 1:50m, which is in the
public domain. To make the file again:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m raman_pipeline.geography.embedded_countries \
        package/countries-50m.json data/embedded/natural_earth_50m_countries.parquet
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
import shapely.affinity
from shapely.geometry import MultiPolygon, Polygon, box

from raman_pipeline import atomic
from raman_pipeline.geography.gazetteer import Gazetteer

VERSION = "Natural Earth 4.1.0, 1:50m (world-atlas 2.0.2)"

Ring = npt.NDArray[np.float64]

# Natural Earth draws these without an ISO number; -99 is its own mark for "none".
_WITHOUT_NUMBER = {
    "Kosovo": "XK",
    "N. Cyprus": "CY",
    "Somaliland": "SO",
    "Indian Ocean Ter.": "AU",
    "Ashmore and Cartier Is.": "AU",
    "Siachen Glacier": "-99",
}


def decode_arcs(topology: dict[str, Any]) -> list[Ring]:
    """Returns the arcs of a quantised TopoJSON as [n, 2] of longitude, latitude."""
    scale = np.array(topology["transform"]["scale"])
    translate = np.array(topology["transform"]["translate"])
    return [np.cumsum(arc, axis=0) * scale + translate for arc in topology["arcs"]]


def ring_of(indices: list[int], arcs: list[Ring]) -> Ring:
    """Joins arcs to a ring; `~i` means arc i backwards."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return np.concatenate([parts[0], *(p[1:] for p in parts[1:])])


def cut_at_antimeridian(rings: list[Ring]) -> MultiPolygon:
    """Returns a polygon (outer ring, holes) as parts within -180..180 degrees.

    Steps of more than 180 degrees are taken as crossings: the ring is unrolled past
    180, closed over the pole where it goes around it, split and rolled back.
    """
    outer, *holes = [_unroll(ring) for ring in rings]
    west = min(outer[:, 0].min(), *(h[:, 0].min() for h in holes)) if holes else outer[:, 0].min()
    east = outer[:, 0].max()
    if west >= -180 and east <= 180:
        return _multi(shapely.make_valid(Polygon(outer, holes)))
    polygon = shapely.make_valid(Polygon(outer, holes))
    parts = []
    for turn in range(int(np.floor((west + 180) / 360)), int(np.floor((east + 180) / 360)) + 1):
        strip = polygon.intersection(box(turn * 360 - 180, -90, turn * 360 + 180, 90))
        parts.append(shapely.affinity.translate(strip, -360 * turn))
    return _multi(shapely.union_all(parts))


def _unroll(ring: Ring) -> Ring:
    steps = np.diff(ring[:, 0])
    turns = np.concatenate([[0], np.cumsum(-np.round(steps / 360))])
    unrolled = ring.copy()
    unrolled[:, 0] += 360 * turns
    if turns[-1] != 0:
        pole = -90.0 if ring[:, 1].mean() < 0 else 90.0
        first, last = unrolled[0, 0], unrolled[-1, 0]
        unrolled = np.concatenate([unrolled, [[last, pole], [first, pole], unrolled[0]]])
    return unrolled


def _multi(geometry: shapely.Geometry) -> MultiPolygon:
    polygons = [g for g in shapely.get_parts(geometry) if g.geom_type == "Polygon"]
    nested = [g for g in shapely.get_parts(geometry) if g.geom_type == "MultiPolygon"]
    return MultiPolygon(polygons + [p for m in nested for p in m.geoms])


def convert(topology: dict[str, Any], iso_by_number: dict[str, str]) -> gpd.GeoDataFrame:
    """Converts the `countries` object of a world-atlas TopoJSON."""
    arcs = decode_arcs(topology)
    rows = []
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        parts = [cut_at_antimeridian([ring_of(r, arcs) for r in rings]) for rings in polygons]
        number = str(geometry.get("id", ""))
        code = iso_by_number.get(number) or _WITHOUT_NUMBER.get(name)
        if code is None:
            raise ValueError(f"{name}: no ISO code for number {number!r}; add it to this module")
        rows.append((name, code, shapely.union_all(parts)))
    frame = gpd.GeoDataFrame(
        {"country": [r[0] for r in rows], "iso_a2": [r[1] for r in rows], "version": VERSION},
        geometry=shapely.set_precision([r[2] for r in rows], 1e-4),
        crs="EPSG:4326",
    )
    return frame.sort_values("country", ignore_index=True)


def main(source: Path, target: Path) -> None:
    """Converts the TopoJSON at `source` into the GeoParquet `target`."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    frame = convert(topology, Gazetteer().iso_by_number())
    with atomic.replacing(target) as temporary:
        frame.to_parquet(temporary, compression="zstd", compression_level=19)
    print(f"{target}: {len(frame)} countries, {VERSION}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
