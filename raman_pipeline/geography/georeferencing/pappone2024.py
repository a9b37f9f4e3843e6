"""The strategy of Pappone (2024), section 2 and appendix A.1, for comparison.

Each locality, cleaned of parentheses, goes to each geocoder in turn until one answers;
where none does, its first segment is dropped and all are queried again. The first answer
counts whatever it is, the country is that of the polygon that holds it, and specimens
that are synthetic or of unknown origin are queried like all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from raman_pipeline.geography.geocoding.geocoder import Candidate, GeocodeQuery, Geocoder
from raman_pipeline.geography.georeferencing.candidates import ProgressCallback
from raman_pipeline.geography.maps.countries import Countries
from raman_pipeline.geography.tables import PAPER_LOCALITIES


def locate_as_paper(
    localities: pa.Table,
    geocoders: Sequence[Geocoder],
    countries: Countries,
    progress: ProgressCallback | None = None,
) -> pa.Table:
    """Returns one PAPER_LOCALITIES row per locality.

    Args:
        localities: a LOCALITIES table.
        geocoders: queried in this order; the paper's are Nominatim, Photon and ArcGIS.
        countries: polygons that assign the country.
        progress: called after each locality.

    Raises:
        GeocoderError: a service failed for good; what it answered so far is cached.
    """
    rows: list[dict[str, Any]] = []
    columns = localities.select(["locality", "cleaned", "specimens"])
    for done, row in enumerate(columns.to_pylist()):
        if progress is not None:
            progress(done, len(columns))
        rows.append(
            {
                "locality": row["locality"],
                "specimens": row["specimens"],
                **_first_answer(row["cleaned"].split(", "), geocoders),
            }
        )
    frame = pd.DataFrame(rows, columns=[c.name for c in PAPER_LOCALITIES.columns])
    located = frame["latitude"].notna().to_numpy()
    placed = countries.place(
        frame.loc[located, "latitude"].to_numpy(float),
        frame.loc[located, "longitude"].to_numpy(float),
    )
    frame = frame.astype({"country": object, "iso_a2": object})
    # The paper assigns no country off the coast.
    placed.country[placed.near_coast] = None
    placed.iso_a2[placed.near_coast] = None
    frame.loc[located, "country"] = placed.country
    frame.loc[located, "iso_a2"] = placed.iso_a2
    return PAPER_LOCALITIES.from_frame(frame)


def _first_answer(segments: list[str], geocoders: Sequence[Geocoder]) -> dict[str, Any]:
    for dropped in range(len(segments)):
        text = ", ".join(segments[dropped:])
        if not text:
            break
        for geocoder in geocoders:
            answers = geocoder.find(GeocodeQuery(text))
            if answers:
                return _row(text, dropped, answers[0])
    return {"dropped": len(segments), "level": "none"}


def _row(text: str, dropped: int, answer: Candidate) -> dict[str, Any]:
    return {
        "query": text,
        "dropped": dropped,
        "source": answer.source,
        "level": answer.level,
        "latitude": answer.latitude,
        "longitude": answer.longitude,
    }
