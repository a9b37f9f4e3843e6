"""Offsets ("25 miles west of Maricopa") and coordinates that stand in a locality text.

What belongs here: reading them and moving a point. What does not: finding the anchor
(see `constrained`).

The radius of a moved point follows the point-radius method (Wieczorek, Guo and
Hijmans 2004): the anchor's own radius, the precision of the distance and the width of
the wind together.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from geopy.distance import great_circle
from geopy.point import Point

_UNITS_KM = {"km": 1.0, "kilomet": 1.0, "mi": 1.609344, "m": 0.001, "met": 0.001, "ft": 0.0003048}
_WINDS = {
    "north": 0.0, "northeast": 45.0, "east": 90.0, "southeast": 135.0,
    "south": 180.0, "southwest": 225.0, "west": 270.0, "northwest": 315.0,
    "n": 0.0, "nne": 22.5, "ne": 45.0, "ene": 67.5, "e": 90.0, "ese": 112.5,
    "se": 135.0, "sse": 157.5, "s": 180.0, "ssw": 202.5, "sw": 225.0, "wsw": 247.5,
    "w": 270.0, "wnw": 292.5, "nw": 315.0, "nnw": 337.5,
}  # fmt: skip
_NEAR_KM = 25.0
_DISTANCE_PRECISION = 0.15
_COORDINATE_RADIUS_KM = 2.0

_AMOUNT = r"(?:(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>km|kilomet\w*|miles?|mi|met\w*|m|ft)s?\.?\s+)"
_WIND = (
    r"(?P<wind>north[ -]?east|north[ -]?west|south[ -]?east|south[ -]?west|north|south|east|west"
    r"|[ns]?[ns][ew]|[ew][ns][ew]|[nsew])"
)
_OFFSET = re.compile(
    rf"(?:^|\b){_AMOUNT}?(?:{_WIND}\.?\s+(?:of|from)|(?P<plain>from|near))\s+"
    r"(?:the\s+)?(?:city of\s+|town of\s+)?(?P<anchor>\S.*)$",
    re.IGNORECASE,
)
_COORDINATES = re.compile(
    r"\d{1,2}(?:\.\d+)?\s*°[^,;()]*?[NS]\b\s*[,;/ ]\s*\d{1,3}(?:\.\d+)?\s*°[^,;()]*?[EW]\b"
)


@dataclass(frozen=True)
class Offset:
    """A place told by its distance and direction from another.

    Attributes:
        anchor: name of the other place.
        distance_km: 0 where the text says none ("near", "west of").
        bearing: degrees clockwise from north; None where the text says none.
        width: half the angle that the wind's name covers, degrees.
    """

    anchor: str
    distance_km: float
    bearing: float | None
    width: float


def read_offset(segment: str) -> Offset | None:
    """Returns the offset that a segment tells, None where it tells none."""
    found = _OFFSET.search(segment)
    if found is None:
        return None
    distance = float(found["amount"]) * _unit(found["unit"]) if found["amount"] else 0.0
    if found["wind"] is None:
        return Offset(found["anchor"], distance, None, 180.0)
    wind = re.sub(r"[ -]", "", found["wind"].lower())
    bearing = _WINDS.get(wind)
    if bearing is None:
        return None
    width = 45.0 if bearing % 90 == 0 else 22.5 if bearing % 45 == 0 else 11.25
    return Offset(found["anchor"], distance, bearing, width)


def move(
    latitude: float, longitude: float, coordinate_uncertainty_km: float, offset: Offset
) -> tuple[float, float, float]:
    """Returns latitude, longitude (degrees) and radius (km) of what lies off an anchor."""
    if offset.distance_km == 0:
        return latitude, longitude, coordinate_uncertainty_km + _NEAR_KM
    if offset.bearing is None:
        return (
            latitude,
            longitude,
            coordinate_uncertainty_km + offset.distance_km * (1 + _DISTANCE_PRECISION),
        )
    there = great_circle(kilometers=offset.distance_km).destination(
        Point(latitude, longitude), bearing=offset.bearing
    )
    # Corners of the sector that the wind and the distance leave open.
    across = 2 * offset.distance_km * math.sin(math.radians(offset.width) / 2)
    along = offset.distance_km * _DISTANCE_PRECISION
    return there.latitude, there.longitude, coordinate_uncertainty_km + math.hypot(across, along)


def read_coordinates(text: str) -> tuple[float, float, float] | None:
    """Returns latitude, longitude (degrees) and radius (km) where a text holds coordinates."""
    found = _COORDINATES.search(text)
    if found is None:
        return None
    plain = found[0].replace("’", "'").replace("′", "'").replace("”", '"').replace("″", '"')
    try:
        point = Point.from_string(plain)
    except ValueError:
        return None
    return point.latitude, point.longitude, _COORDINATE_RADIUS_KM


def _unit(name: str) -> float:
    lowered = name.lower()
    return next(km for unit, km in _UNITS_KM.items() if lowered.startswith(unit))
