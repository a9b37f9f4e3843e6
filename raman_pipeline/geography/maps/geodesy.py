"""Great-circle distances, unit vectors and destinations on a spherical Earth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import shapely

EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

Vectors = npt.NDArray[np.float64]
"""Points on the unit sphere, [n, 3]."""


def distance_km(
    latitude: float, longitude: float, latitudes: npt.ArrayLike, longitudes: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Returns great-circle distances [n] from one point to others (degrees), by haversine."""
    a, b = np.radians(latitude), np.radians(np.asarray(latitudes, dtype=float))
    half = np.radians(np.asarray(longitudes, dtype=float) - longitude) / 2
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(half) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0)))


def unit_vectors(latitude: npt.ArrayLike, longitude: npt.ArrayLike) -> Vectors:
    """Returns points on the unit sphere, [n, 3]; NaN where a coordinate (degrees) is."""
    lat, lon = np.radians(np.asarray(latitude, float)), np.radians(np.asarray(longitude, float))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def separation_km(a: Vectors, b: Vectors) -> npt.NDArray[np.float64]:
    """Returns great-circle distances between paired points, [n] km."""
    # The arc cosine loses all digits for near points; the chord does not.
    return arc_km(np.linalg.norm(a - b, axis=-1))


def arc_km(chord: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Returns the great-circle distance (km) that belongs to a chord of the unit sphere."""
    return 2 * EARTH_KM * np.arcsin(np.minimum(np.asarray(chord) / 2, 1.0))


def destination(
    latitude: float, longitude: float, distance_km: float, bearing: float
) -> tuple[float, float]:
    """Returns the point (degrees) at a distance and a bearing (degrees from north)."""
    from geopy.distance import great_circle
    from geopy.point import Point

    there = great_circle(kilometers=distance_km, radius=EARTH_KM).destination(
        Point(latitude, longitude), bearing=bearing
    )
    return there.latitude, there.longitude


def farthest_km(latitude: float, longitude: float, polygon: shapely.Geometry) -> float:
    """Returns the distance from a point to the farthest vertex of a polygon (degrees)."""
    import shapely

    corners = shapely.get_coordinates(polygon)
    return float(distance_km(latitude, longitude, corners[:, 1], corners[:, 0]).max())
