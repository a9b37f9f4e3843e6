"""From localities to located specimens, a table at a time.

What belongs here: the order of the steps and the choice between candidates. What
does not: reading text (see `locality`, `country_names`), geocoders (see
`gazetteer`), polygons (see `countries`).

The design differs from Pappone (2024): the country is resolved first and from the
right, middle segments are tried each on its own, and a place counts only inside the
polygon of the country that the text names. Synthetic and unknown samples get no
coordinates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pyarrow as pa

from raman_pipeline.geography.countries import Countries
from raman_pipeline.geography.country_names import CountryNames
from raman_pipeline.geography.gazetteer import Geocoder
from raman_pipeline.geography.locality import (
    PLACE_CLASSES,
    OriginClass,
    names_synthetic,
    parse_locality,
)
from raman_pipeline.geography.tables import CANDIDATES, LOCALITIES, LOCATED_SAMPLES

_GENERIC = re.compile(
    r"\b(?:mines?|quarry|quarries|pit|deposit|prospect|claim|district|mining|area|near|"
    r"county|co|province|prov|department|dept|region|state|municipality|mun|mountains?|mts?|"
    r"range|hills?|valley|island|peninsula|oblast|prefecture|from|the|of)\b\.?",
    re.IGNORECASE,
)


def clean_localities(spectra: pd.DataFrame, names: CountryNames) -> pa.Table:
    """Returns one LOCALITIES row for each distinct locality.

    Args:
        spectra: columns `locality` and `rruff_id`.
        names: resolves the country that a text names.
    """
    text = spectra["locality"].fillna("")
    counts = spectra.groupby(text)["rruff_id"].agg(["size", "nunique"])
    rows = []
    for locality, (spectra_count, specimens) in counts.iterrows():
        parsed = parse_locality(str(locality))
        names_place = parsed.origin in PLACE_CLASSES
        guess = names.resolve(parsed) if names_place else None
        rows.append(
            {
                "locality": parsed.text,
                "cleaned": parsed.cleaned,
                "segments": len(parsed.segments),
                "aliases": "\n".join(parsed.aliases) or None,
                "origin": parsed.origin.value,
                "iso_a2": guess.iso_a2 if guess else None,
                "matched": (guess.matched or None) if guess else None,
                "state": guess.state if guess else None,
                "flags": " ".join(guess.flags) or None if guess else None,
                "spectra": spectra_count,
                "specimens": specimens,
            }
        )
    return LOCALITIES.from_rows(rows)


def country_rate(localities: pd.DataFrame) -> float:
    """Returns the share of localities naming a place that got a country."""
    naming = localities[localities["origin"].isin(list(PLACE_CLASSES))]
    return float(naming["iso_a2"].notna().mean()) if len(naming) else 1.0


def geocode_localities(
    localities: pd.DataFrame,
    names: CountryNames,
    geocoders: Sequence[Geocoder],
    countries: Countries,
    per_query: int = 3,
) -> pa.Table:
    """Asks every geocoder for every segment of every locality with a country.

    Args:
        localities: a LOCALITIES table.
        names: tells countries and regions, which are no places, from the rest.
        geocoders: asked in this order.
        countries: polygons that decide what is accepted.
        per_query: answers kept for each query.

    Returns:
        A CANDIDATES table; `accepted` are those inside the named country.
    """
    found = []
    for row in localities[localities["iso_a2"].notna()].itertuples():
        parsed = parse_locality(row.locality)
        state = row.state if isinstance(row.state, str) else None
        for geocoder in geocoders:
            for index, segment in enumerate(parsed.segments):
                # A town of the same name would pass a whole region off as a place.
                if names.is_region(segment):
                    continue
                for query in _queries(segment):
                    answers = geocoder.find(query, index, row.iso_a2, state)[:per_query]
                    found += [
                        {"locality": row.locality, "rank": rank, "named": row.iso_a2, **asdict(a)}
                        for rank, a in enumerate(answers)
                    ]
                    if answers:
                        break
    frame = pd.DataFrame(
        found, columns=[*dict.fromkeys(["named", *(c.name for c in CANDIDATES.columns)])]
    )
    placed = countries.place(frame["latitude"].to_numpy(float), frame["longitude"].to_numpy(float))
    frame["country"] = placed.country
    frame["polygon_iso_a2"] = placed.iso_a2
    frame["near_coast"] = placed.near_coast
    frame["accepted"] = frame["polygon_iso_a2"] == frame["named"]
    return CANDIDATES.from_frame(frame)


def locate_samples(
    spectra: pd.DataFrame,
    localities: pd.DataFrame,
    candidates: pd.DataFrame,
    countries: Countries,
) -> pa.Table:
    """Returns one LOCATED_SAMPLES row for each specimen.

    Args:
        spectra: columns `rruff_id`, `mineral`, `locality`, `description`; rows
            without a specimen are left out (they stay in the spectra table).
        localities: a LOCALITIES table.
        candidates: a CANDIDATES table.
        countries: polygons, for the Natural Earth name of a country-level row.
    """
    known = {row["locality"]: row for row in localities.to_dict("records")}
    accepted = candidates[candidates["accepted"].astype(bool)]
    # The most local segment that was found wins, then the best answer to it.
    ordered = accepted.sort_values(["segment", "rank"]).drop_duplicates("locality")
    best = {row["locality"]: row for row in ordered.to_dict("records")}
    rows = []
    for rruff_id, group in spectra.assign(locality=spectra["locality"].fillna("")).groupby(
        "rruff_id"
    ):
        locality = _commonest(group["locality"])
        about = known[locality]
        flags = about["flags"].split() if isinstance(about["flags"], str) else []
        if group["locality"].nunique() > 1:
            flags.append("several_localities")
        if group["mineral"].nunique() > 1:
            flags.append("several_minerals")
        synthetic = about["origin"] == OriginClass.SYNTHETIC or names_synthetic(
            *group["mineral"].dropna().unique(), *group["description"].dropna().unique()
        )
        row = {
            "rruff_id": rruff_id,
            "mineral": _commonest(group["mineral"]),
            "locality": locality,
            "origin": OriginClass.SYNTHETIC.value if synthetic else about["origin"],
            "is_synthetic": synthetic,
            "level": "none",
            "spectra": len(group),
        }
        if not synthetic and isinstance(about["iso_a2"], str):
            row |= _place_or_country(about["iso_a2"], best.get(locality), countries, flags)
        row["flags"] = " ".join(flags) or None
        rows.append(row)
    return LOCATED_SAMPLES.from_rows(rows)


def _place_or_country(
    iso_a2: str, place: dict[Hashable, Any] | None, countries: Countries, flags: list[str]
) -> dict[str, object]:
    if place is not None:
        if place["near_coast"]:
            flags.append("near_coast")
        if place["segment"] > 0:
            flags.append(f"segment_{place['segment']}")
        return {
            "country": place["country"],
            "iso_a2": iso_a2,
            "latitude": place["latitude"],
            "longitude": place["longitude"],
            "level": "place",
            "source": place["source"],
            "place": place["name"],
        }
    name = countries.name_of(iso_a2)
    if name is None:
        flags.append("no_polygon")
        return {}
    return {"country": name, "iso_a2": iso_a2, "level": "country", "source": "names"}


def _queries(segment: str) -> list[str]:
    """Returns a segment as it is and without generic words ("Tsumeb mine": "Tsumeb")."""
    bare = " ".join(_GENERIC.sub(" ", segment).split())
    return [segment] if not bare or bare == segment else [segment, bare]


def _commonest(values: pd.Series) -> str | None:
    """Returns the commonest value; the first in order among equals."""
    counts = Counter(v for v in values if isinstance(v, str))
    return min(counts, key=lambda v: (-counts[v], v)) if counts else None
