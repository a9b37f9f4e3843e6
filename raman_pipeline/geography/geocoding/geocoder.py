"""Queries to geocoders, their answers, and the interface that all geocoders share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

LOCATION_LEVELS = ("place", "admin2", "admin1", "country", "none")
"""What was located, finest first: a place, an administrative division of the second or
the first level, a country, nothing."""


@dataclass(frozen=True)
class GeocodeQuery:
    """A query to a geocoder.

    Attributes:
        text: a name, or comma-separated names from the most local to the widest.
        iso_a2: ISO 3166-1 alpha-2 code of the country to search in; None for the world.
        box: south, west, north, east in degrees: the country's bounds, for services
            without a country filter.
    """

    text: str
    iso_a2: str | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Candidate:
    """A place that a geocoder returns.

    Attributes:
        source: name of the geocoder.
        name: the place's own name.
        kind: kind of the place, in the geocoder's words ("town", "natural=peak").
        level: one of LOCATION_LEVELS; `none` for streets, shops and the like.
        iso_a2: its country by the geocoder; None where unknown.
        latitude: degrees north, WGS 84.
        longitude: degrees east, WGS 84.
        coordinate_uncertainty_km: radius of the place around the point.
        population: inhabitants, 0 where unknown.
        fuzzy: True where the geocoder also returns names that are only similar.
    """

    source: str
    name: str
    kind: str
    level: str
    iso_a2: str | None
    latitude: float
    longitude: float
    coordinate_uncertainty_km: float
    population: int = 0
    fuzzy: bool = False


class Geocoder(Protocol):
    """Anything that answers queries with candidates, best first."""

    @property
    def source(self) -> str:
        """Name of the geocoder."""
        ...

    @property
    def provider(self) -> str:
        """Provider of its data: two geocoders of one provider count once."""
        ...

    def find(self, query: GeocodeQuery) -> list[Candidate]:
        """Returns candidates; raises GeocoderError where it cannot answer."""
        ...
