"""Polygons from TopoJSON (topojson-specification 1.0), cut at the antimeridian."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import shapely.affinity
from shapely.geometry import MultiPolygon, Polygon, box

_MIN_RING = 4

Ring = npt.NDArray[np.float64]


def features(topology: dict[str, Any], name: str) -> Iterator[tuple[str, str, shapely.Geometry]]:
    """Yields id, name and polygon (degrees) of each feature of an object; "" where absent."""
    arcs = decode_arcs(topology)
    for geometry in topology["objects"][name]["geometries"]:
        if geometry["type"] not in ("Polygon", "MultiPolygon"):
            continue
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        parts = []
        for indices in polygons:
            rings = [ring_of(ring, arcs) for ring in indices]
            # Quantising collapses tiny islands and holes to a line.
            if len(rings[0]) >= _MIN_RING:
                parts.append(cut_at_antimeridian([r for r in rings if len(r) >= _MIN_RING]))
        properties = geometry.get("properties", {})
        yield (
            str(geometry.get("id", "")),
            str(properties.get("name") or ""),
            shapely.union_all(parts),
        )


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
