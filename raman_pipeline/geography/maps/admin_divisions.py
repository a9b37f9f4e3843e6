"""First- and second-level administrative divisions: names, centres, reach and polygons.

What belongs here: finding divisions by name, and whether a point is inside. What does
not: how the file was built (see `build.admin_divisions`), countries (see `countries`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from raman_pipeline.geography.maps.geodesy import distance_km
from raman_pipeline.geography.text.locality import fold
from raman_pipeline.geography.text.name_lists import DIVISION_ALIASES

if TYPE_CHECKING:
    import shapely

BORDER_TOLERANCE_KM = 3.0
"""A point this close to a division counts as inside: borders are simplified to 1 km."""

_KIND = re.compile(
    r"\b(?:county|co|parish|borough|city of|state|states|estado|provinc\w*|prov|pref\w*|"
    r"region\w*|reg|district\w*|distrikt|dept?|depart\w*|oblast\w*|oblys\w*|kra[iy]|respublika|republic|"
    r"autonomous|municip\w*|mun|kommune?|lan|laan|fylke|canton|kanton|bezirk|politischer|"
    r"landkreis|kreis|okres|powiat|wojewodztwo|voivodeship|judetul|judet|megye|"
    r"governorate|muhafazat|wilaya|rayon|raion|ken|sheng|zizhiqu|area|uezd)\b"
)
_JOINING = re.compile(r"\b(?:the|of|de|di|del|dell|della|des|du|d|l|la|le|les|los|do|da|dos)\b")


@dataclass(frozen=True)
class AdminDivision:
    """An administrative division of a country.

    Attributes:
        row: its row in the table of divisions.
        name: its most common name.
        level: `admin1` or `admin2`.
        iso_a2: ISO 3166-1 alpha-2 code of the country.
        latitude: degrees north of its centre, which is inside the polygon where there is one.
        longitude: degrees east.
        coordinate_uncertainty_km: distance from the centre to the farthest vertex; without
            a polygon, to the far side of the land around its towns.
        polygon: degrees, or None.
    """

    row: int
    name: str
    level: str
    iso_a2: str
    latitude: float
    longitude: float
    coordinate_uncertainty_km: float
    polygon: shapely.Geometry | None = None

    def holds(self, latitude: float, longitude: float) -> bool:
        """Returns whether a point is inside, or within BORDER_TOLERANCE_KM of the border."""
        import shapely

        reach = self.coordinate_uncertainty_km + BORDER_TOLERANCE_KM
        away = float(distance_km(self.latitude, self.longitude, [latitude], [longitude])[0])
        if self.polygon is None or away > reach:
            return away <= reach
        point = shapely.Point(longitude, latitude)
        if self.polygon.intersects(point):
            return True
        on_border = shapely.get_coordinates(shapely.shortest_line(self.polygon, point))[0]
        gap = distance_km(latitude, longitude, [on_border[1]], [on_border[0]])[0]
        return bool(gap <= BORDER_TOLERANCE_KM)


class AdminDivisions:
    """All administrative divisions, by name and by row.

    Args:
        table: as `build.admin_divisions.join_divisions` returns it, geometry as WKB.
    """

    def __init__(self, table: pa.Table) -> None:
        self.version: str = table["version"][0].as_py()
        self._table = table.drop_columns("version").combine_chunks()
        self._known: dict[int, AdminDivision] = {}

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        by_name: dict[str, list[int]] = {}
        for row, names in enumerate(self._table["names"].to_pylist()):
            forms = {form for name in names.split("\n") for form in (fold(name), bare_name(name))}
            for form in forms - {""}:
                by_name.setdefault(form, []).append(row)
        return by_name

    def __getitem__(self, row: int) -> AdminDivision:
        """Returns the division of a row of the table."""
        if row not in self._known:
            import shapely

            values = {name: self._table[name][row].as_py() for name in self._table.column_names}
            name, polygon = (
                values.pop("names").split("\n")[0],
                shapely.from_wkb(values.pop("geometry")),
            )
            self._known[row] = AdminDivision(row=row, name=name, polygon=polygon, **values)
        return self._known[row]

    def find(self, name: str, iso_a2: str | None = None) -> list[AdminDivision]:
        """Returns the divisions of this name, first level first, smaller before larger ones."""
        known = DIVISION_ALIASES.get(fold(name)) or DIVISION_ALIASES.get(bare_name(name), name)
        found = self._by_name.get(fold(known)) or self._by_name.get(bare_name(known), [])
        return sorted(
            (d for d in map(self.__getitem__, found) if iso_a2 in (None, d.iso_a2)),
            key=lambda d: (d.level, d.coordinate_uncertainty_km, d.iso_a2, d.name),
        )


def bare_name(name: str) -> str:
    """Returns a folded name without the kind of division ("Provincia di Varese": "varese")."""
    return " ".join(_JOINING.sub(" ", _KIND.sub(" ", fold(name))).split())


def says_division(name: str) -> bool:
    """Returns whether a name contains the kind of a division ("Varese Province")."""
    return _KIND.search(fold(name)) is not None


def inside_all(latitude: float, longitude: float, divisions: Iterable[AdminDivision]) -> bool:
    """Returns whether a point is inside every one of the divisions."""
    return all(d.holds(latitude, longitude) for d in divisions)


def load_admin_divisions(path: Path) -> AdminDivisions:
    """Loads the embedded administrative divisions.

    Raises:
        FileNotFoundError: there is no such file.
    """
    from pyarrow import parquet

    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; restore it from the project")
    return AdminDivisions(parquet.ParquetFile(path).read(use_threads=False))
