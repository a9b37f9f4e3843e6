"""Offsets ("25 miles west of Maricopa") and coordinates in a locality text.

What belongs here: reading them. What does not: finding the named place and moving the
point (see `georeferencing.candidates`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS_KM = {"km": 1.0, "kilomet": 1.0, "mi": 1.609344, "m": 0.001, "met": 0.001, "ft": 0.0003048}
_BEARINGS = {
    "north": 0.0, "northeast": 45.0, "east": 90.0, "southeast": 135.0,
    "south": 180.0, "southwest": 225.0, "west": 270.0, "northwest": 315.0,
    "n": 0.0, "nne": 22.5, "ne": 45.0, "ene": 67.5, "e": 90.0, "ese": 112.5,
    "se": 135.0, "sse": 157.5, "s": 180.0, "ssw": 202.5, "sw": 225.0, "wsw": 247.5,
    "w": 270.0, "wnw": 292.5, "nw": 315.0, "nnw": 337.5,
}  # fmt: skip
_COORDINATE_UNCERTAINTY_KM = 2.0

_AMOUNT = r"(?:(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>km|kilomet\w*|miles?|mi|met\w*|m|ft)s?\.?\s+)"
_DIRECTION = (
    r"(?P<direction>north[ -]?east|north[ -]?west|south[ -]?east|south[ -]?west"
    r"|north|south|east|west|[ns]?[ns][ew]|[ew][ns][ew]|[nsew])"
)
_OFFSET = re.compile(
    rf"(?:^|\b){_AMOUNT}?(?:{_DIRECTION}\.?\s+(?:of|from)|(?P<plain>from|near))\s+"
    r"(?:the\s+)?(?:city of\s+|town of\s+)?(?P<anchor>\S.*)$",
    re.IGNORECASE,
)
_COORDINATES = re.compile(
    r"\d{1,2}(?:\.\d+)?\s*°[^,;()]*?[NS]\b\s*[,;/ ]\s*\d{1,3}(?:\.\d+)?\s*°[^,;()]*?[EW]\b"
)


@dataclass(frozen=True)
class Offset:
    """A place given by its distance and direction from a named place.

    Attributes:
        anchor: name of the other place.
        distance_km: 0 where the text gives none ("near", "west of").
        bearing: degrees clockwise from north; None where the text gives none.
        half_angle: half the angle that the name of the direction covers, degrees.
    """

    anchor: str
    distance_km: float
    bearing: float | None
    half_angle: float


def read_offset(segment: str) -> Offset | None:
    """Returns the offset that a segment gives, None where it gives none."""
    found = _OFFSET.search(segment)
    if found is None:
        return None
    distance = float(found["amount"]) * _unit(found["unit"]) if found["amount"] else 0.0
    if found["direction"] is None:
        return Offset(found["anchor"], distance, None, 180.0)
    direction = re.sub(r"[ -]", "", found["direction"].lower())
    bearing = _BEARINGS.get(direction)
    if bearing is None:
        return None
    half_angle = 45.0 if bearing % 90 == 0 else 22.5 if bearing % 45 == 0 else 11.25
    return Offset(found["anchor"], distance, bearing, half_angle)


def read_coordinates(text: str) -> tuple[float, float, float] | None:
    """Returns latitude, longitude (degrees) and uncertainty (km) where a text holds coordinates."""
    from geopy.point import Point

    found = _COORDINATES.search(text)
    if found is None:
        return None
    plain = found[0].replace("’", "'").replace("′", "'").replace("”", '"').replace("″", '"')
    try:
        point = Point.from_string(plain)
    except ValueError:
        return None
    return point.latitude, point.longitude, _COORDINATE_UNCERTAINTY_KM


def _unit(name: str) -> float:
    lowered = name.lower()
    return next(km for unit, km in _UNITS_KM.items() if lowered.startswith(unit))
