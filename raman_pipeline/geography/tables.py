"""The tables of this package.

What belongs here: schemas. What does not: how rows come about (see `georeference`).
"""

from __future__ import annotations

import pyarrow as pa

from raman_pipeline.geography.locality import OriginClass
from raman_pipeline.tables import Column, TableSchema

TEXT = pa.string()
LEVELS = ("place", "country", "none")

LOCALITIES = TableSchema(
    "cleaned_localities",
    (
        Column("locality", TEXT, "LOCALITY header; empty where absent", unique=True),
        Column("cleaned", TEXT, "without parentheses, single spaces, `, ` between segments"),
        Column("segments", pa.int32(), "number of segments", between=(0, 100)),
        Column("aliases", TEXT, "texts in parentheses, a line each", nullable=True),
        Column("origin", TEXT, "class by the locality alone", isin=tuple(OriginClass)),
        Column("iso_a2", TEXT, "country that the text names", nullable=True),
        Column("matched", TEXT, "the name that decided the country", nullable=True),
        Column("state", TEXT, "US state, where the text names one", nullable=True),
        Column("flags", TEXT, "how the country was decided, blank-separated", nullable=True),
        Column("spectra", pa.int32(), "spectra with this locality"),
        Column("specimens", pa.int32(), "specimens with this locality"),
    ),
)

COUNTRIES = TableSchema(
    "countries",
    (
        Column("country", TEXT, "Natural Earth NAME", unique=True),
        Column("iso_a2", TEXT, "ISO 3166-1 alpha-2; -99 where there is none"),
        Column("area_km2", pa.float64(), "area of the polygons, km²", between=(0, 2e7)),
    ),
)

CANDIDATES = TableSchema(
    "geocoded_localities",
    (
        Column("locality", TEXT, "locality that was asked for"),
        Column("source", TEXT, "geocoder"),
        Column("query", TEXT, "segment that was asked for"),
        Column("segment", pa.int32(), "index of the segment; 0 is the most local"),
        Column("rank", pa.int32(), "order among the answers to one query, from 0"),
        Column("name", TEXT, "name of the place"),
        Column("iso_a2", TEXT, "country of the place, by the geocoder"),
        Column("latitude", pa.float64(), "degrees north, WGS 84", between=(-90, 90)),
        Column("longitude", pa.float64(), "degrees east, WGS 84", between=(-180, 180)),
        Column("population", pa.int64(), "inhabitants, 0 where unknown"),
        Column("country", TEXT, "Natural Earth country that holds the point", nullable=True),
        Column("polygon_iso_a2", TEXT, "its ISO code", nullable=True),
        Column("near_coast", pa.bool_(), "placed by the 20 km fallback"),
        Column("accepted", pa.bool_(), "inside the country that the text names"),
    ),
    unique_together=("locality", "source", "segment", "rank"),
)

LOCATED_SAMPLES = TableSchema(
    "located_samples",
    (
        Column("rruff_id", TEXT, "the specimen", unique=True),
        Column("mineral", TEXT, "its commonest NAMES header", nullable=True),
        Column("locality", TEXT, "its commonest LOCALITY header"),
        Column("origin", TEXT, "class by locality, names and description", isin=tuple(OriginClass)),
        Column("is_synthetic", pa.bool_(), "made, not found: never gets coordinates"),
        Column("country", TEXT, "Natural Earth NAME", nullable=True),
        Column("iso_a2", TEXT, "ISO 3166-1 alpha-2", nullable=True),
        Column("latitude", pa.float64(), "degrees north; null above place level", True),
        Column("longitude", pa.float64(), "degrees east; null above place level", True),
        Column("level", TEXT, "what was located", isin=LEVELS),
        Column("source", TEXT, "geocoder, or `names` for a country by its name", nullable=True),
        Column("place", TEXT, "name of the place behind the coordinates", nullable=True),
        Column("flags", TEXT, "reservations, blank-separated", nullable=True),
        Column("spectra", pa.int32(), "spectra of the specimen"),
    ),
)
