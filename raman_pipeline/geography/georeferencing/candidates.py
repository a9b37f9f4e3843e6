"""From localities to answers of geocoders, one table at a time.

What belongs here: the LOCALITIES and CANDIDATES rows. What does not: reading text (see
`text`), the search plan (see `search_plan`), which answer counts (see `constrained`),
geocoders (see `geocoding`), the choice (see `locate`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.geocoding.geocoder import Candidate, GeocodeQuery, Geocoder
from raman_pipeline.geography.georeferencing.constrained import refusal
from raman_pipeline.geography.georeferencing.search_plan import SearchPlan, SearchStep, plan_search
from raman_pipeline.geography.maps.geodesy import destination
from raman_pipeline.geography.tables import CANDIDATES, LOCALITIES
from raman_pipeline.geography.text.country_names import NamedCountry
from raman_pipeline.geography.text.locality import PLACE_CLASSES, parse_locality
from raman_pipeline.geography.text.offsets import Offset

ProgressCallback = Callable[[int, int], None]
"""Called with the number of localities done and the number of all."""

CANDIDATE_FIELDS = tuple(f.name for f in fields(Candidate) if f.name != "fuzzy")
"""Attributes of a candidate that are columns of CANDIDATES."""

_REFUSED_KEPT = 3
_NEAR_KM = 25.0
_DISTANCE_PRECISION = 0.15


def clean_localities(spectra: pd.DataFrame, atlas: Atlas) -> pa.Table:
    """Returns one LOCALITIES row per distinct locality, with its search plan.

    Args:
        spectra: columns `locality` and `rruff_id`.
        atlas: resolves the country and the divisions that a text names.
    """
    text = spectra["locality"].fillna("")
    counts = spectra.groupby(text)["rruff_id"].agg(["size", "nunique"])
    rows = []
    for locality, (spectra_count, specimens) in counts.iterrows():
        parsed = parse_locality(str(locality))
        country = NamedCountry(None)
        if parsed.origin in PLACE_CLASSES:
            country = atlas.names.resolve(parsed)
        plan = plan_search(parsed, country, atlas) if country.iso_a2 else SearchPlan("")
        rows.append(
            {
                "locality": parsed.text,
                "cleaned": parsed.cleaned,
                "segments": parsed.segments,
                "aliases": parsed.aliases,
                "origin": parsed.origin.value,
                "iso_a2": country.iso_a2,
                "matched": country.matched or None,
                "flags": country.flags,
                "spectra": spectra_count,
                "specimens": specimens,
                **plan.columns(),
            }
        )
    return LOCALITIES.from_rows(rows)


def country_rate(localities: pd.DataFrame) -> float:
    """Returns the proportion of localities naming a place that got a country."""
    naming = localities[localities["origin"].isin(list(PLACE_CLASSES))]
    return float(naming["iso_a2"].notna().mean()) if len(naming) else 1.0


def geocode_localities(
    localities: pa.Table,
    atlas: Atlas,
    geocoders: Sequence[Geocoder],
    progress: ProgressCallback | None = None,
) -> pa.Table:
    """Queries the geocoders for the names of every locality with a country.

    The offline geocoder is queried for every name; a service is queried until one of its
    answers is accepted, since the finest names come first.

    Args:
        localities: a LOCALITIES table.
        atlas: holds the divisions and polygons that decide.
        geocoders: queried in this order.
        progress: called after each locality.

    Returns:
        A CANDIDATES table: every accepted answer, and the first refused ones of each
        query with the reason.

    Raises:
        GeocoderError: a service failed for good; what it answered so far is cached.
    """
    found: list[dict[str, Any]] = []
    naming = [row for row in localities.to_pylist() if row["iso_a2"]]
    for done, row in enumerate(naming):
        if progress is not None:
            progress(done, len(naming))
        plan = SearchPlan.from_row(row, atlas.admin_divisions)
        for geocoder in geocoders:
            for step in plan.steps:
                answers = _query(geocoder, plan, step, atlas)
                found += [{"locality": row["locality"], **answer} for answer in answers]
                if geocoder is not atlas.offline and any(not a["refused"] for a in answers):
                    break
    if progress is not None:
        progress(len(naming), len(naming))
    return CANDIDATES.from_rows(found)


def offset_candidate(candidate: Candidate, offset: Offset) -> Candidate:
    """Returns a candidate whose point is moved by an offset.

    The uncertainty follows the point-radius method (Wieczorek, Guo and Hijmans 2004): the
    place's own, the precision of the distance and the width of the direction together.
    """
    latitude, longitude = candidate.latitude, candidate.longitude
    if offset.distance_km == 0:
        added = _NEAR_KM
    elif offset.bearing is None:
        added = offset.distance_km * (1 + _DISTANCE_PRECISION)
    else:
        latitude, longitude = destination(latitude, longitude, offset.distance_km, offset.bearing)
        # Corners of the sector that the direction and the distance leave open.
        across = 2 * offset.distance_km * math.sin(math.radians(offset.half_angle) / 2)
        added = math.hypot(across, offset.distance_km * _DISTANCE_PRECISION)
    return replace(
        candidate,
        latitude=latitude,
        longitude=longitude,
        coordinate_uncertainty_km=round(candidate.coordinate_uncertainty_km + added, 1),
    )


def _query(
    geocoder: Geocoder, plan: SearchPlan, step: SearchStep, atlas: Atlas
) -> list[dict[str, Any]]:
    """Returns the CANDIDATES rows of one query, without the locality."""
    answers = geocoder.find(GeocodeQuery(step.query, plan.iso_a2, atlas.countries.box(plan.iso_a2)))
    if step.offset is not None:
        answers = [offset_candidate(answer, step.offset) for answer in answers]
    if not answers:
        return []
    placed = atlas.countries.place(
        np.array([a.latitude for a in answers]), np.array([a.longitude for a in answers])
    )
    rows, refused = [], 0
    for rank, answer in enumerate(answers):
        reason = refusal(plan, step, answer, placed.iso_a2[rank])
        refused += reason is not None
        if reason is not None and refused > _REFUSED_KEPT:
            continue
        rows.append(
            {
                "provider": geocoder.provider,
                "query": step.query,
                "segment": step.segment,
                "stripped": step.stripped,
                "offset": step.offset is not None,
                "rank": rank,
                **{name: getattr(answer, name) for name in CANDIDATE_FIELDS},
                "country": placed.country[rank],
                "polygon_iso_a2": placed.iso_a2[rank],
                "near_coast": placed.near_coast[rank],
                "refused": reason,
            }
        )
    return rows
