"""From localities to answers of geocoders, a table at a time.

What belongs here: the LOCALITIES and CANDIDATES rows. What does not: reading text (see
`locality`, `country_names`), what is asked and refused (see `constrained`), geocoders
(see `offline_geocoder`, `services`), the choice (see `location`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.geocoding.geocoder import Candidate, Geocoder, Question
from raman_pipeline.geography.georeferencing.constrained import Search, Step, plan_search, refusal
from raman_pipeline.geography.tables import CANDIDATES, LOCALITIES
from raman_pipeline.geography.text.country_names import CountryGuess
from raman_pipeline.geography.text.locality import PLACE_CLASSES, parse_locality
from raman_pipeline.geography.text.offsets import move

Progress = Callable[[int, int], None]
"""Called with the number of localities done and the number of all."""

_REFUSED_KEPT = 3


def clean_localities(spectra: pd.DataFrame, atlas: Atlas) -> pa.Table:
    """Returns one LOCALITIES row for each distinct locality.

    Args:
        spectra: columns `locality` and `rruff_id`.
        atlas: resolves the country and the divisions that a text names.
    """
    text = spectra["locality"].fillna("")
    counts = spectra.groupby(text)["rruff_id"].agg(["size", "nunique"])
    rows = []
    for locality, (spectra_count, specimens) in counts.iterrows():
        parsed = parse_locality(str(locality))
        guess = (
            atlas.names.resolve(parsed) if parsed.origin in PLACE_CLASSES else CountryGuess(None)
        )
        named = {}
        if guess.iso_a2:
            search = plan_search(parsed, guess, atlas)
            named = {region.level: region.name for region in search.regions}
        rows.append(
            {
                "locality": parsed.text,
                "cleaned": parsed.cleaned,
                "segments": len(parsed.segments),
                "aliases": "\n".join(parsed.aliases) or None,
                "origin": parsed.origin.value,
                "iso_a2": guess.iso_a2,
                "matched": guess.matched or None,
                "flags": " ".join(guess.flags) or None,
                "spectra": spectra_count,
                "specimens": specimens,
                **named,
            }
        )
    return LOCALITIES.from_rows(rows)


def country_rate(localities: pd.DataFrame) -> float:
    """Returns the share of localities naming a place that got a country."""
    naming = localities[localities["origin"].isin(list(PLACE_CLASSES))]
    return float(naming["iso_a2"].notna().mean()) if len(naming) else 1.0


def geocode_localities(
    localities: pd.DataFrame,
    atlas: Atlas,
    geocoders: Sequence[Geocoder],
    progress: Progress | None = None,
) -> pa.Table:
    """Asks the geocoders for the names of every locality with a country.

    The offline geocoder is asked for every name; a service is left alone as soon as
    one of its answers is accepted, since names come finest first.

    Args:
        localities: a LOCALITIES table.
        atlas: tells places from regions, and holds the polygons that decide.
        geocoders: asked in this order.
        progress: told how far it is.

    Returns:
        A CANDIDATES table: every accepted answer, and the first refused ones of each
        question with the reason.

    Raises:
        GeocoderError: a service failed for good; what it answered so far is cached.
    """
    found: list[dict[str, Any]] = []
    naming = localities[localities["iso_a2"].notna()]
    for done, row in enumerate(naming.to_dict("records")):
        if progress is not None:
            progress(done, len(naming))
        search = search_of(row, atlas)
        for geocoder in geocoders:
            for step in search.steps:
                answers = _ask(geocoder, search, step, atlas)
                found += [{"locality": row["locality"], **answer} for answer in answers]
                if geocoder is not atlas.offline and any(a["accepted"] for a in answers):
                    break
    if progress is not None:
        progress(len(naming), len(naming))
    return CANDIDATES.from_rows(found)


def search_of(row: Mapping[Any, Any], atlas: Atlas) -> Search:
    """Returns the plan for a LOCALITIES row that has a country."""
    parsed = parse_locality(row["locality"])
    matched = None if is_missing(row["matched"]) else row["matched"]
    flags = () if is_missing(row["flags"]) else tuple(row["flags"].split())
    guess = CountryGuess(row["iso_a2"], matched or "", flags)
    return plan_search(parsed, guess, atlas)


def _ask(geocoder: Geocoder, search: Search, step: Step, atlas: Atlas) -> list[dict[str, Any]]:
    """Returns the CANDIDATES rows of one question, without the locality."""
    question = Question(step.query, search.iso_a2, atlas.countries.box(search.iso_a2))
    answers = [_moved(answer, step) for answer in geocoder.find(question)]
    if not answers:
        return []
    placed = atlas.countries.place(
        np.array([a.latitude for a in answers]), np.array([a.longitude for a in answers])
    )
    rows, refused = [], 0
    for rank, answer in enumerate(answers):
        reason = refusal(search, step, answer, placed.iso_a2[rank])
        refused += reason is not None
        if reason is not None and refused > _REFUSED_KEPT:
            continue
        rows.append(
            {
                "source": answer.source,
                "family": geocoder.family,
                "query": step.query,
                "segment": step.segment,
                "stripped": step.stripped,
                "moved": step.offset is not None,
                "rank": rank,
                "name": answer.name,
                "kind": answer.kind,
                "level": answer.level,
                "iso_a2": answer.iso_a2,
                "latitude": answer.latitude,
                "longitude": answer.longitude,
                "coordinate_uncertainty_km": answer.coordinate_uncertainty_km,
                "population": answer.population,
                "country": placed.country[rank],
                "polygon_iso_a2": placed.iso_a2[rank],
                "near_coast": placed.near_coast[rank],
                "accepted": reason is None,
                "refused": reason,
            }
        )
    return rows


def _moved(answer: Candidate, step: Step) -> Candidate:
    if step.offset is None:
        return answer
    latitude, longitude, radius = move(
        answer.latitude, answer.longitude, answer.coordinate_uncertainty_km, step.offset
    )
    return replace(
        answer, latitude=latitude, longitude=longitude, coordinate_uncertainty_km=round(radius, 1)
    )


def is_missing(value: object) -> bool:
    """Tells whether a cell of a table is empty."""
    return value is None or (isinstance(value, float) and np.isnan(value))
