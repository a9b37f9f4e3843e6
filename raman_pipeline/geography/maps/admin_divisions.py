"""First- and second-level divisions: names, centres, reach and polygons.

What belongs here: looking divisions up and telling whether a point is inside. What
does not: how the file was made (see `embedded_regions`), countries (see `countries`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import shapely

from raman_pipeline.geography.maps.geodesy import distance_km
from raman_pipeline.geography.text.locality import fold
from raman_pipeline.geography.text.name_lists import DIVISION_ALIASES

BORDER_TOLERANCE_KM = 3.0
"""A point this near to a division counts as inside: borders are simplified to 1 km."""

_KIND = re.compile(
    r"\b(?:county|co|parish|borough|city of|state|states|estado|provinc\w*|prov|pref\w*|"
    r"region\w*|reg|district\w*|distrikt|dept?|depart\w*|oblast\w*|oblys\w*|kra[iy]|respublika|republic|"
    r"autonomous|municip\w*|mun|kommune?|lan|laan|fylke|canton|kanton|bezirk|politischer|"
    r"landkreis|kreis|okres|powiat|wojewodztwo|voivodeship|judetul|judet|megye|"
    r"governorate|muhafazat|wilaya|rayon|raion|ken|sheng|zizhiqu|area|uezd)\b"
)
_JOINING = re.compile(r"\b(?:the|of|de|di|del|dell|della|des|du|d|l|la|le|les|los|do|da|dos)\b")


@dataclass(frozen=True)
class Region:
    """A division of a country.

    Attributes:
        name: its commonest name.
        level: `admin1` or `admin2`.
        iso_a2: ISO 3166-1 alpha-2 code of the country.
        latitude: degrees north of its centre, which lies inside where there is a polygon.
        longitude: degrees east.
        coordinate_uncertainty_km: to its farthest vertex; without a polygon, to its
            farthest town and a quarter more.
        polygon: degrees, or None.
    """

    name: str
    level: str
    iso_a2: str
    latitude: float
    longitude: float
    coordinate_uncertainty_km: float
    polygon: shapely.Geometry | None = None

    def holds(self, latitude: float, longitude: float) -> bool:
        """Tells whether a point is inside, or within BORDER_TOLERANCE_KM of the border."""
        away = float(distance_km(self.latitude, self.longitude, [latitude], [longitude])[0])
        if self.polygon is None or away > self.coordinate_uncertainty_km + BORDER_TOLERANCE_KM:
            return away <= self.coordinate_uncertainty_km + BORDER_TOLERANCE_KM
        point = shapely.Point(longitude, latitude)
        if self.polygon.intersects(point):
            return True
        on_border = shapely.get_coordinates(shapely.shortest_line(self.polygon, point))[0]
        gap = distance_km(latitude, longitude, [on_border[1]], [on_border[0]])[0]
        return bool(gap <= BORDER_TOLERANCE_KM)


class Regions:
    """All divisions, by name.

    Args:
        frame: as `embedded_regions.regions` makes it.
    """

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self.version = str(frame["version"].iloc[0])
        self._frame = frame

    @cached_property
    def _by_name(self) -> dict[str, list[Region]]:
        by_name: dict[str, list[Region]] = {}
        for row in self._frame.itertuples():
            names = row.names.split("\n")
            region = Region(
                names[0],
                row.level,
                row.iso_a2,
                row.latitude,
                row.longitude,
                row.coordinate_uncertainty_km,
                row.geometry,
            )
            for key in {k for name in names for k in (fold(name), bare_name(name)) if k}:
                by_name.setdefault(key, []).append(region)
        return by_name

    def find(self, name: str, iso_a2: str | None = None) -> list[Region]:
        """Returns the divisions of this name, first level first, the smaller before the larger."""
        known = DIVISION_ALIASES.get(fold(name)) or DIVISION_ALIASES.get(bare_name(name), name)
        found = self._by_name.get(fold(known)) or self._by_name.get(bare_name(known), [])
        within = [r for r in found if iso_a2 is None or r.iso_a2 == iso_a2]
        return sorted(
            within, key=lambda r: (r.level, r.coordinate_uncertainty_km, r.iso_a2, r.name)
        )


def bare_name(name: str) -> str:
    """Returns a folded name without the kind of division ("Provincia di Varese": "varese")."""
    return " ".join(_JOINING.sub(" ", _KIND.sub(" ", fold(name))).split())


def says_division(name: str) -> bool:
    """Tells whether a name says itself that it is a division ("Varese Province")."""
    return _KIND.search(fold(name)) is not None


def inside_all(latitude: float, longitude: float, regions: Iterable[Region]) -> bool:
    """Tells whether a point is inside every one of the divisions."""
    return all(r.holds(latitude, longitude) for r in regions)


def load_regions(path: Path) -> Regions:
    """Loads the embedded divisions.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no divisions; restore the file from the project")
    return Regions(gpd.read_parquet(path))
