"""From answers of geocoders to located localities and specimens.

What belongs here: the LOCATED_LOCALITIES and LOCATED_SPECIMENS rows. What does not: the
grounds of the choice (see `constrained`), asking (see `georeference`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.geocoding.geocoder import Candidate, Geocoder
from raman_pipeline.geography.georeferencing.candidates import (
    clean_localities,
    geocode_localities,
    is_missing,
    search_of,
)
from raman_pipeline.geography.georeferencing.consistency import minority_countries
from raman_pipeline.geography.georeferencing.constrained import Accepted, Choice, Search, choose
from raman_pipeline.geography.georeferencing.overrides import Override
from raman_pipeline.geography.maps.admin_divisions import Region, inside_all
from raman_pipeline.geography.tables import LOCATED_LOCALITIES, LOCATED_SPECIMENS
from raman_pipeline.geography.text.locality import OriginClass, names_synthetic
from raman_pipeline.geography.text.offsets import read_coordinates

_GUESSED = frozenset(
    {"historic_default", "two_countries", "ambiguous_name", "misspelt", "country_from_place"}
)
_NAMES = [c.name for c in LOCATED_LOCALITIES.columns]
_CANDIDATE_FIELDS = tuple(f.name for f in fields(Candidate) if f.name != "fuzzy")


def locate_localities(
    localities: pd.DataFrame,
    candidates: pd.DataFrame,
    atlas: Atlas,
    overrides: Mapping[str, Override] | None = None,
) -> pa.Table:
    """Returns one LOCATED_LOCALITIES row for each locality.

    Args:
        localities: a LOCALITIES table.
        candidates: a CANDIDATES table.
        atlas: plans and polygons.
        overrides: what people know better, by locality text.
    """
    accepted = candidates[candidates["accepted"].astype(bool)]
    by_locality = {str(key): group for key, group in accepted.groupby("locality")}
    rows = []
    for row in localities.to_dict("records"):
        override = (overrides or {}).get(row["locality"])
        located = _overridden(override, atlas) if override else _located(row, by_locality, atlas)
        flags = [*(located.pop("flags", ())), *_words(row["flags"])]
        if row["origin"] == OriginClass.EXTRATERRESTRIAL and located.get("country"):
            flags.append("fall_site")
        iso_a2 = located.get("iso_a2")
        rows.append(
            {
                "locality": row["locality"],
                "origin": row["origin"],
                "level": "none",
                "agreeing_sources": 0,
                "candidates": 0,
                **located,
                "iso_a3": atlas.gazetteer.iso_a3.get(str(iso_a2)) if iso_a2 else None,
                "flags": " ".join(flags) or None,
                "specimens": row["specimens"],
            }
        )
    suspects = set(minority_countries(pd.DataFrame(rows, columns=_NAMES))["locality"])
    for row in rows:
        if row["locality"] in suspects and row.get("source") != "override":
            row["flags"] = " ".join([*_words(row["flags"]), "minority_country"])
    return LOCATED_LOCALITIES.from_rows(rows)


def locate_texts(
    texts: Sequence[str],
    atlas: Atlas,
    geocoders: Sequence[Geocoder],
    overrides: Mapping[str, Override] | None = None,
) -> list[dict[str, Any]]:
    """Locates any texts; returns one LOCATED_LOCALITIES row for each, in their order.

    Raises:
        GeocoderError: a service failed for good; what it answered so far is cached.
    """
    numbered = pd.DataFrame({"locality": list(texts), "rruff_id": range(len(texts))})
    localities = clean_localities(numbered, atlas).to_pandas()
    candidates = geocode_localities(localities, atlas, geocoders).to_pandas()
    located = locate_localities(localities, candidates, atlas, overrides).to_pylist()
    by_text = {row["locality"]: row for row in located}
    return [by_text[text] for text in texts]


def locate_specimens(spectra: pd.DataFrame, located: pd.DataFrame) -> pa.Table:
    """Returns one LOCATED_SPECIMENS row for each specimen.

    Args:
        spectra: columns `rruff_id`, `mineral`, `locality`, `description`; rows
            without a specimen are left out (they stay in the spectra table).
        located: a LOCATED_LOCALITIES table.
    """
    known = {row["locality"]: row for row in located.to_dict("records")}
    rows = []
    for rruff_id, group in spectra.assign(locality=spectra["locality"].fillna("")).groupby(
        "rruff_id"
    ):
        locality = _commonest(group["locality"]) or ""
        about = {k: v for k, v in known[locality].items() if not is_missing(v)}
        flags = _words(about.pop("flags", None))
        del about["specimens"]
        if group["locality"].nunique() > 1:
            flags.append("several_localities")
        if group["mineral"].nunique() > 1:
            flags.append("several_minerals")
        synthetic = about["origin"] == OriginClass.SYNTHETIC or names_synthetic(
            *group["mineral"].dropna().unique(), *group["description"].dropna().unique()
        )
        if synthetic:
            # Where a synthetic sample was made, or is kept, is no place of origin.
            about = {
                "locality": locality,
                "origin": OriginClass.SYNTHETIC.value,
                "level": "none",
                "agreeing_sources": 0,
                "candidates": 0,
            }
            flags = [f for f in flags if f.startswith("several_")]
        if "latitude" not in about:
            flags.append("no_coordinates")
        rows.append(
            {
                "rruff_id": rruff_id,
                "mineral": _commonest(group["mineral"]),
                "is_synthetic": synthetic,
                **about,
                "flags": " ".join(flags) or None,
                "spectra": len(group),
            }
        )
    return LOCATED_SPECIMENS.from_rows(rows)


def _located(
    row: Mapping[Any, Any], accepted: Mapping[str, pd.DataFrame], atlas: Atlas
) -> dict[str, Any]:
    """Returns the location of a LOCALITIES row: a place, a division, a country or nothing."""
    if is_missing(row["iso_a2"]):
        return {}
    search = search_of(row, atlas)
    written = read_coordinates(row["locality"])
    flags: list[str] = []
    if written is not None:
        location = _as_written(written, search, atlas)
        if location is not None:
            return location
        flags.append("written_coordinates_refused")
    answers = accepted.get(row["locality"])
    found = _accepted(answers, search) if answers is not None else []
    choice = choose(search, found, lambda name: len(atlas.gazetteer.towns(name)))
    if isinstance(choice, Choice):
        return _as_place(choice, search, atlas, len(found), flags)
    flags += choice
    if search.regions:
        return _as_division(search.regions[-1], atlas, flags)
    return _as_country(search.iso_a2, _words(row["flags"]), atlas, flags)


def _accepted(answers: pd.DataFrame, search: Search) -> list[Accepted]:
    steps = {(s.segment, s.query, s.offset is not None): s for s in search.steps}
    return [
        Accepted(
            steps[(row["segment"], row["query"], row["moved"])],
            row["family"],
            Candidate(**{name: row[name] for name in _CANDIDATE_FIELDS}),
        )
        for row in answers.to_dict("records")
    ]


def _as_place(
    choice: Choice, search: Search, atlas: Atlas, candidates: int, flags: list[str]
) -> dict[str, Any]:
    step, point = choice.found.step, choice.found.candidate
    country, near_coast = _country_of(point.latitude, point.longitude, atlas)
    if step.segment > 0:
        flags.append(f"segment_{step.segment}")
    if step.offset is not None:
        flags.append("offset")
    return {
        "country": country,
        # The polygon's code: OpenStreetMap puts Puerto Rico under "us".
        "iso_a2": search.iso_a2,
        "latitude": point.latitude,
        "longitude": point.longitude,
        "level": "place",
        "coordinate_uncertainty_km": choice.coordinate_uncertainty_km,
        "country_assignment": "near_coast" if near_coast else "inside",
        "source": point.source,
        "confidence": choice.confidence,
        "agreeing_sources": choice.sources,
        "candidates": candidates,
        "place": point.name,
        "flags": [*flags, *choice.flags],
    }


def _as_written(
    written: tuple[float, float, float], search: Search, atlas: Atlas
) -> dict[str, Any] | None:
    """Returns coordinates of the text as a location, None where the text contradicts them."""
    latitude, longitude, radius = written
    placed = atlas.countries.place(np.array([latitude]), np.array([longitude]))
    if placed.iso_a2[0] != search.iso_a2 or not inside_all(latitude, longitude, search.regions):
        return None
    return {
        "country": placed.country[0],
        "iso_a2": search.iso_a2,
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


def _as_division(region: Region, atlas: Atlas, flags: list[str]) -> dict[str, Any]:
    return {
        "country": atlas.countries.name_of(region.iso_a2),
        "iso_a2": region.iso_a2,
        "latitude": region.latitude,
        "longitude": region.longitude,
        "level": region.level,
        "coordinate_uncertainty_km": region.coordinate_uncertainty_km,
        "country_assignment": "by_name",
        "source": "names",
        "confidence": "high",
        "agreeing_sources": 1,
        "place": region.name,
        "flags": [*flags, "centroid"],
    }


def _as_country(
    iso_a2: str, row_flags: list[str], atlas: Atlas, flags: list[str]
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
        "confidence": "low" if _GUESSED.intersection(row_flags) else "high",
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


def _country_of(latitude: float, longitude: float, atlas: Atlas) -> tuple[str | None, bool]:
    placed = atlas.countries.place(np.array([latitude]), np.array([longitude]))
    return placed.country[0], bool(placed.near_coast[0])


def _words(flags: object) -> list[str]:
    return flags.split() if isinstance(flags, str) else []


def _commonest(values: pd.Series) -> str | None:
    """Returns the commonest value; the first in order among equals."""
    counts = Counter(v for v in values if isinstance(v, str))
    return min(counts, key=lambda v: (-counts[v], v)) if counts else None
