"""From answers of geocoders to located localities: the LOCATED_LOCALITIES rows.

What belongs here: localities and single texts. What does not: the choice among answers
(see `constrained`), querying (see `candidates`), specimens (see `specimens`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.geocoding.geocoder import Candidate, Geocoder
from raman_pipeline.geography.georeferencing.candidates import (
    CANDIDATE_FIELDS,
    clean_localities,
    geocode_localities,
)
from raman_pipeline.geography.georeferencing.consistency import minority_countries
from raman_pipeline.geography.georeferencing.constrained import (
    AcceptedCandidate,
    PlaceChoice,
    choose,
)
from raman_pipeline.geography.georeferencing.overrides import Override
from raman_pipeline.geography.georeferencing.search_plan import SearchPlan
from raman_pipeline.geography.maps.admin_divisions import AdminDivision, inside_all
from raman_pipeline.geography.tables import LOCATED_LOCALITIES
from raman_pipeline.geography.text.locality import OriginClass
from raman_pipeline.geography.text.offsets import read_coordinates

_UNCERTAIN_COUNTRY = frozenset(
    {"historic_default", "two_countries", "ambiguous_name", "misspelt", "country_from_place"}
)
_Rows = Sequence[Mapping[str, Any]]


def locate_localities(
    localities: pa.Table,
    candidates: pa.Table,
    atlas: Atlas,
    overrides: Mapping[str, Override] | None = None,
) -> pa.Table:
    """Returns one LOCATED_LOCALITIES row per locality.

    Args:
        localities: a LOCALITIES table.
        candidates: a CANDIDATES table.
        atlas: divisions and polygons.
        overrides: locations given by hand, by locality text.
    """
    accepted: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for candidate in candidates.to_pylist():
        if candidate["refused"] is None:
            accepted[candidate["locality"]].append(candidate)
    named = localities.to_pylist()
    rows = []
    for row in named:
        override = (overrides or {}).get(row["locality"])
        if override is not None:
            location = _overridden(override, atlas)
        elif row["iso_a2"] is not None:
            location = _located(row, accepted[row["locality"]], atlas)
        else:
            location = {}
        flags = [*location.pop("flags", ()), *row["flags"]]
        if row["origin"] == OriginClass.EXTRATERRESTRIAL and location.get("country"):
            flags.append("fall_site")
        iso_a2 = location.get("iso_a2")
        rows.append(
            {
                "locality": row["locality"],
                "origin": row["origin"],
                "level": "none",
                "agreeing_sources": 0,
                "candidates": 0,
                **location,
                "iso_a3": atlas.gazetteer.iso_a3.get(iso_a2) if iso_a2 else None,
                "flags": flags,
                "specimens": row["specimens"],
            }
        )
    minority = minority_countries(
        (row["locality"], row.get("iso_a2"), source["segments"])
        for row, source in zip(rows, named, strict=True)
    )
    for row in rows:
        row["majority"] = minority.get(row["locality"])
        if row["majority"] and row.get("source") != "override":
            row["flags"].append("minority_country")
    return LOCATED_LOCALITIES.from_rows(rows)


def locate_texts(
    texts: Sequence[str],
    atlas: Atlas,
    geocoders: Sequence[Geocoder],
    overrides: Mapping[str, Override] | None = None,
) -> list[dict[str, Any]]:
    """Locates any texts; returns one LOCATED_LOCALITIES row per text, in their order.

    Raises:
        GeocoderError: a service failed for good; what it answered so far is cached.
    """
    numbered = pd.DataFrame({"locality": list(texts), "rruff_id": range(len(texts))})
    localities = clean_localities(numbered, atlas)
    candidates = geocode_localities(localities, atlas, geocoders)
    located = locate_localities(localities, candidates, atlas, overrides).to_pylist()
    by_text = {row["locality"]: row for row in located}
    return [by_text[text] for text in texts]


def _located(row: Mapping[str, Any], answers: _Rows, atlas: Atlas) -> dict[str, Any]:
    """Returns the location of a LOCALITIES row with a country: a place, a division or a country.

    Args:
        row: of the locality.
        answers: its accepted CANDIDATES rows.
        atlas: divisions and polygons.
    """
    plan = SearchPlan.from_row(row, atlas.admin_divisions)
    flags: list[str] = []
    written = read_coordinates(row["locality"])
    if written is not None:
        location = _as_written(written, plan, atlas)
        if location is not None:
            return location
        flags.append("written_coordinates_refused")
    accepted = _accepted(answers, plan)
    choice = choose(plan, accepted, lambda name: len(atlas.gazetteer.towns(name)))
    if isinstance(choice, PlaceChoice):
        chosen = answers[next(i for i, a in enumerate(accepted) if a is choice.found)]
        return _as_place(choice, chosen, len(answers), flags)
    flags += choice
    if plan.divisions:
        return _as_division(plan.divisions[-1], atlas, flags)
    return _as_country(plan.iso_a2, row["flags"], atlas, flags)


def _accepted(answers: _Rows, plan: SearchPlan) -> list[AcceptedCandidate]:
    steps = {(s.segment, s.query, s.offset is not None): s for s in plan.steps}
    return [
        AcceptedCandidate(
            steps[(row["segment"], row["query"], row["offset"])],
            row["provider"],
            Candidate(**{name: row[name] for name in CANDIDATE_FIELDS}),
        )
        for row in answers
    ]


def _as_place(
    choice: PlaceChoice, chosen: Mapping[str, Any], candidates: int, flags: list[str]
) -> dict[str, Any]:
    step, point = choice.found.step, choice.found.candidate
    if step.segment > 0:
        flags.append(f"segment_{step.segment}")
    if step.offset is not None:
        flags.append("offset")
    return {
        "country": chosen["country"],
        # The polygon's code: OpenStreetMap puts Puerto Rico under "us".
        "iso_a2": chosen["polygon_iso_a2"],
        "latitude": point.latitude,
        "longitude": point.longitude,
        "level": "place",
        "coordinate_uncertainty_km": choice.coordinate_uncertainty_km,
        "country_assignment": "near_coast" if chosen["near_coast"] else "inside",
        "source": point.source,
        "confidence": choice.confidence,
        "agreeing_sources": choice.sources,
        "candidates": candidates,
        "place": point.name,
        "flags": [*flags, *choice.flags],
    }


def _as_written(
    written: tuple[float, float, float], plan: SearchPlan, atlas: Atlas
) -> dict[str, Any] | None:
    """Returns coordinates of the text as a location, None where the text contradicts them."""
    latitude, longitude, radius = written
    placed = atlas.countries.place(np.array([latitude]), np.array([longitude]))
    if placed.iso_a2[0] != plan.iso_a2 or not inside_all(latitude, longitude, plan.divisions):
        return None
    return {
        "country": placed.country[0],
        "iso_a2": plan.iso_a2,
        "latitude": latitude,
        "longitude": longitude,
        "level": "place",
        "coordinate_uncertainty_km": radius,
        "country_assignment": "near_coast" if placed.near_coast[0] else "inside",
        "source": "text",
        "confidence": "high",
        "agreeing_sources": 1,
        "candidates": 1,
    }


def _as_division(division: AdminDivision, atlas: Atlas, flags: list[str]) -> dict[str, Any]:
    return {
        "country": atlas.countries.name_of(division.iso_a2),
        "iso_a2": division.iso_a2,
        "latitude": division.latitude,
        "longitude": division.longitude,
        "level": division.level,
        "coordinate_uncertainty_km": division.coordinate_uncertainty_km,
        "country_assignment": "by_name",
        "source": "names",
        "confidence": "high",
        "agreeing_sources": 1,
        "place": division.name,
        "flags": [*flags, "centroid"],
    }


def _as_country(
    iso_a2: str, country_flags: Sequence[str], atlas: Atlas, flags: list[str]
) -> dict[str, Any]:
    name = atlas.countries.name_of(iso_a2)
    if name is None:
        return {"flags": [*flags, "no_polygon"]}
    return {
        "country": name,
        "iso_a2": iso_a2,
        "level": "country",
        "country_assignment": "by_name",
        "source": "names",
        "confidence": "low" if _UNCERTAIN_COUNTRY.intersection(country_flags) else "high",
        "agreeing_sources": 1,
        "flags": flags,
    }


def _overridden(override: Override, atlas: Atlas) -> dict[str, Any]:
    return {
        "country": atlas.countries.name_of(override.iso_a2) if override.iso_a2 else None,
        "iso_a2": override.iso_a2,
        "latitude": override.latitude,
        "longitude": override.longitude,
        "level": override.level,
        "coordinate_uncertainty_km": override.coordinate_uncertainty_km,
        "country_assignment": "by_override",
        "source": "override",
        "confidence": "high",
        "agreeing_sources": 1,
        "flags": ["overridden"],
    }
