"""Country polygons of Natural Earth, and the country of a point.

What belongs here: loading polygons and assigning countries. What does not: how the
embedded file was built (see `build.countries`), names in texts (see
`text.country_names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.geography.maps.geodesy import EARTH_KM, farthest_km

if TYPE_CHECKING:
    import geopandas as gpd

COAST_TOLERANCE_KM = 20.0
"""A point outside every polygon is assigned to the nearest one within this distance, with a flag.

At 1:50m this repairs all but one of the 26 coastal points of a set of 713 and adds
no wrong country (measured by the project on real localities)."""

DRAWN_APART = {
    "Kosovo": "XK",
    "N. Cyprus": "CY",
    "Somaliland": "SO",
    "Indian Ocean Ter.": "AU",
    "Ashmore and Cartier Is.": "AU",
}
"""Polygons of Natural Earth without an ISO code of their own (it marks them with -99)."""

_EQUAL_AREA_CRS = "ESRI:54034"


@dataclass(frozen=True)
class Placed:
    """The country of each point.

    Attributes:
        iso_a2: object array [n] of ISO codes, None outside.
        country: object array [n] of Natural Earth names, None outside.
        near_coast: bool array [n], True where the tolerance was needed.
    """

    iso_a2: npt.NDArray[np.object_]
    country: npt.NDArray[np.object_]
    near_coast: npt.NDArray[np.bool_]


class Countries:
    """Natural Earth countries.

    Args:
        frame: columns `country` (NAME), `iso_a2`, `iso_n3` and geometry in WGS 84;
            rings cut at the antimeridian.
        version: version and scale of the data.
    """

    def __init__(self, frame: gpd.GeoDataFrame, version: str) -> None:
        import shapely

        self.frame = frame
        self.version = version
        # Dependencies drawn apart (N. Cyprus, Indian Ocean Ter.) share a state's code.
        # Square degrees do: a state is many times larger. To project takes longer than all else.
        by_area = frame.iloc[np.argsort(shapely.area(frame.geometry), kind="stable")]
        self._names = dict(zip(by_area["iso_a2"], by_area["country"], strict=True))
        self._polygons = dict(zip(by_area["iso_a2"], by_area.geometry, strict=True))

    def name_of(self, iso_a2: str) -> str | None:
        """Returns the Natural Earth name of an ISO code, None where there is no polygon."""
        return self._names.get(iso_a2)

    def extent(self, iso_a2: str) -> tuple[float, float, float] | None:
        """Returns latitude, longitude (degrees) and reach (km) of a country's largest part.

        None where there is no polygon.
        """
        import shapely

        if iso_a2 not in self._polygons:
            return None
        parts = shapely.get_parts(self._polygons[iso_a2])
        main = parts[np.argmax(shapely.area(parts))]
        centre = shapely.centroid(main)
        if not main.contains(centre):
            centre = shapely.point_on_surface(main)
        return centre.y, centre.x, round(farthest_km(centre.y, centre.x, main), 1)

    @property
    def codes(self) -> frozenset[str]:
        """ISO 3166-1 alpha-2 codes that have a polygon."""
        return frozenset(self._polygons) - {"-99"}

    def box(self, iso_a2: str) -> tuple[float, float, float, float] | None:
        """Returns south, west, north, east (degrees) of a country, None without a polygon."""
        import shapely

        if iso_a2 not in self._polygons:
            return None
        west, south, east, north = shapely.bounds(self._polygons[iso_a2])
        return float(south), float(west), float(north), float(east)

    # `place` is called for a few points at a time, and geopandas takes longer to select these.
    @cached_property
    def _tree(self) -> Any:
        return self.frame.sindex

    @cached_property
    def _labels(self) -> list[npt.NDArray[np.object_]]:
        """Code and name of every row, and None for no row."""
        return [np.array([*self.frame[c], None], dtype=object) for c in ("iso_a2", "country")]

    def place(
        self, latitude: npt.NDArray[np.float64], longitude: npt.NDArray[np.float64]
    ) -> Placed:
        """Assigns a country to each point [n] (degrees, WGS 84).

        A point on a shared border is assigned to the country that comes first by name.
        """
        import shapely

        index = np.full(len(latitude), len(self.frame))
        points = shapely.points(longitude, latitude)
        point, polygon = self._tree.query(points, predicate="intersects")
        np.minimum.at(index, point, polygon)
        index[index == len(self.frame)] = -1
        outside = np.flatnonzero(index < 0)
        near = np.zeros(len(index), dtype=bool)
        for row in outside:
            nearest = self._nearest(longitude[row], latitude[row])
            if nearest is not None:
                index[row], near[row] = nearest, True
        iso, names = self._labels
        return Placed(iso[index], names[index], near)

    def _nearest(self, longitude: float, latitude: float) -> int | None:
        """Returns the row of the nearest country within the tolerance.

        Distances are computed in a local plane around the point, accurate to 1% at 20 km.
        """
        import shapely
        from shapely import Point

        reach = COAST_TOLERANCE_KM / 111.0
        scale = max(np.cos(np.radians(latitude)), 0.01)
        box = (
            longitude - reach / scale,
            latitude - reach,
            longitude + reach / scale,
            latitude + reach,
        )
        rows = self._tree.intersection(box)
        if len(rows) == 0:
            return None
        near = shapely.clip_by_rect(self.frame.geometry.to_numpy()[np.sort(rows)], *box)
        local = shapely.transform(near, lambda xy: (xy - [longitude, latitude]) * [scale, 1.0])
        distance = shapely.distance(local, Point(0, 0)) * np.radians(1) * EARTH_KM
        if not (distance <= COAST_TOLERANCE_KM).any():
            return None
        return int(np.sort(rows)[np.nanargmin(distance)])


def load_countries(path: Path, version: str | None = None) -> Countries:
    """Loads countries from the embedded GeoParquet or from a Natural Earth file.

    Args:
        path: `.parquet` as `build.countries` writes it, or any file that geopandas
            reads with Natural Earth's columns NAME and ISO_A2_EH.
        version: name of the version; None: as recorded in the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file lacks the columns.
    """
    import geopandas as gpd

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no country polygons; restore the file from the project")
    if path.suffix == ".parquet":
        frame = gpd.read_parquet(path)
        version = version or str(frame["version"].iloc[0])
    else:
        # "NA" is Namibia, not a missing value: geopandas reads it as text.
        raw = gpd.read_file(path)
        if not {"NAME", "ISO_A2_EH"} <= set(raw.columns):
            raise ValueError(f"{path}: no Natural Earth countries (NAME and ISO_A2_EH are missing)")
        iso_a2 = raw["ISO_A2_EH"].where(raw["ISO_A2_EH"] != "-99", raw["NAME"].map(DRAWN_APART))
        frame = gpd.GeoDataFrame(
            {"country": raw["NAME"], "iso_a2": iso_a2.fillna("-99")}, geometry=raw.geometry
        )
        version = version or f"Natural Earth, {path.name}"
    frame = frame.sort_values("country", ignore_index=True)
    return Countries(frame[["country", "iso_a2", "geometry"]], version)


def country_table(countries: Countries, iso_a3: Mapping[str, str]) -> pd.DataFrame:
    """Returns name, ISO codes and area (km²) of every country; alpha-3 by alpha-2 codes."""
    area = countries.frame.to_crs(_EQUAL_AREA_CRS).area / 1e6
    return pd.DataFrame(
        {
            "country": countries.frame["country"],
            "iso_a2": countries.frame["iso_a2"],
            "iso_a3": countries.frame["iso_a2"].map(dict(iso_a3)),
            "area_km2": area.astype("float64"),
        }
    )
