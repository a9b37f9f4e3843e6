"""The override file: locations given by hand.

`locality_overrides.csv` has the columns `locality` (the LOCALITY header, letter
for letter), `iso_a2`, `latitude`, `longitude`, `coordinate_uncertainty_km` (all three
or none of the last), `level` and `reason`. A row without a country says that the text names none.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from raman_pipeline.geography.errors import OverrideError
from raman_pipeline.geography.geocoding.geocoder import LOCATION_LEVELS

OVERRIDE_COLUMNS = (
    "locality",
    "iso_a2",
    "latitude",
    "longitude",
    "coordinate_uncertainty_km",
    "level",
    "reason",
)


@dataclass(frozen=True)
class Override:
    """A location given by hand: degrees (WGS 84) and km; None where unknown."""

    locality: str
    iso_a2: str | None
    latitude: float | None
    longitude: float | None
    coordinate_uncertainty_km: float | None
    level: str
    reason: str


def read_overrides(path: Path, known: frozenset[str]) -> dict[str, Override]:
    """Reads the override file, by locality; a missing file overrides nothing.

    Args:
        path: the file.
        known: ISO 3166-1 alpha-2 codes that have a polygon.

    Raises:
        OverrideError: a line is wrong; the message names file, line and remedy.
    """
    if not path.exists():
        return {}
    overrides: dict[str, Override] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file)
        if tuple(lines.fieldnames or ()) != OVERRIDE_COLUMNS:
            raise OverrideError(
                f"{path}:1: the columns must be {','.join(OVERRIDE_COLUMNS)} (version 0.1.0 called "
                "coordinate_uncertainty_km radius_km: rename it in the first line)"
            )
        for row in lines:
            where = f"{path}:{lines.line_num}"
            override = _override(row, where, known)
            if override.locality in overrides:
                raise OverrideError(f"{where}: this locality occurs twice; keep one line")
            overrides[override.locality] = override
    return overrides


def _override(row: dict[str, str], where: str, known: frozenset[str]) -> Override:
    if None in row or None in row.values():
        raise OverrideError(
            f"{where}: {len(OVERRIDE_COLUMNS)} fields are needed; quote texts with commas"
        )
    iso_a2 = row["iso_a2"] or None
    if iso_a2 is not None and iso_a2 not in known:
        raise OverrideError(f"{where}: iso_a2 {iso_a2!r} is not a country of the map in use")
    if row["level"] not in LOCATION_LEVELS:
        raise OverrideError(f"{where}: level {row['level']!r}; use {', '.join(LOCATION_LEVELS)}")
    texts = [row["latitude"], row["longitude"], row["coordinate_uncertainty_km"]]
    try:
        latitude, longitude, radius = (float(t) if t else None for t in texts)
    except ValueError as error:
        raise OverrideError(f"{where}: {error}; write decimal degrees and km") from error
    point = (latitude, longitude, radius)
    if any(v is None for v in point) and not all(v is None for v in point):
        raise OverrideError(
            f"{where}: latitude, longitude and coordinate_uncertainty_km go together"
        )
    if latitude is not None and not (
        abs(latitude) <= 90 and abs(longitude or 0) <= 180 and (radius or 0) > 0
    ):
        raise OverrideError(
            f"{where}: not a point; use degrees within 90 and 180, an uncertainty above 0"
        )
    if (latitude is not None) != (row["level"] in ("place", "admin2", "admin1")):
        raise OverrideError(f"{where}: level {row['level']!r} does not fit the coordinates")
    if (iso_a2 is None) != (row["level"] == "none"):
        raise OverrideError(f"{where}: level {row['level']!r} does not fit the country")
    return Override(
        row["locality"], iso_a2, latitude, longitude, radius, row["level"], row["reason"]
    )
