"""The tables of this package.

What belongs here: schemas. What does not: how rows come about (see `georeference`).
"""

from __future__ import annotations

import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.geography.geocoding.geocoder import LEVELS
from raman_pipeline.geography.text.locality import OriginClass

TEXT = pa.string()
REFUSALS = (
    "not_a_place",
    "whole_country",
    "division",
    "outside_country",
    "outside_division",
    "other_name",
)
COUNTRY_ASSIGNMENTS = ("inside", "near_coast", "by_name", "by_override")
CONFIDENCES = ("high", "medium", "low")

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
        Column("admin1", TEXT, "first-level division that the text names", nullable=True),
        Column("admin2", TEXT, "second-level division that the text names", nullable=True),
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
        Column("iso_a3", TEXT, "ISO 3166-1 alpha-3", nullable=True),
        Column("area_km2", pa.float64(), "area of the polygons, km²", between=(0, 2e7)),
    ),
)

CANDIDATES = TableSchema(
    "geocoded_localities",
    (
        Column("locality", TEXT, "locality that was asked for"),
        Column("source", TEXT, "geocoder"),
        Column("family", TEXT, "whose data it reads; one family is one witness"),
        Column("query", TEXT, "name that was asked for"),
        Column("segment", pa.int32(), "index of the segment; 0 is the most local"),
        Column("stripped", pa.bool_(), "asked without generic words, or an alias"),
        Column("moved", pa.bool_(), "the point lies off the place, as the text says"),
        Column("rank", pa.int32(), "order among the answers to one query, from 0"),
        Column("name", TEXT, "name of the place"),
        Column("kind", TEXT, "what it is, in the geocoder's words"),
        Column("level", TEXT, "what the geocoder located", isin=LEVELS),
        Column("iso_a2", TEXT, "country of the place, by the geocoder", nullable=True),
        Column("latitude", pa.float64(), "degrees north, WGS 84", between=(-90, 90)),
        Column("longitude", pa.float64(), "degrees east, WGS 84", between=(-180, 180)),
        Column(
            "coordinate_uncertainty_km",
            pa.float64(),
            "what the point stands for, km",
            between=(0, 2e4),
        ),
        Column("population", pa.int64(), "inhabitants, 0 where unknown"),
        Column("country", TEXT, "Natural Earth country that holds the point", nullable=True),
        Column("polygon_iso_a2", TEXT, "its ISO code", nullable=True),
        Column("near_coast", pa.bool_(), "placed by the 20 km fallback"),
        Column("accepted", pa.bool_(), "a place inside all that the text names"),
        Column("refused", TEXT, "why it does not count", nullable=True, isin=REFUSALS),
    ),
    unique_together=("locality", "source", "segment", "query", "moved", "rank"),
)

_LOCATION = (
    Column("country", TEXT, "Natural Earth NAME", nullable=True),
    Column("iso_a2", TEXT, "ISO 3166-1 alpha-2", nullable=True),
    Column("iso_a3", TEXT, "ISO 3166-1 alpha-3", nullable=True),
    Column("latitude", pa.float64(), "degrees north; null at country level", True),
    Column("longitude", pa.float64(), "degrees east; null at country level", True),
    Column("level", TEXT, "what was located", isin=LEVELS),
    Column("coordinate_uncertainty_km", pa.float64(), "radius around the point, km", nullable=True),
    Column(
        "country_assignment",
        TEXT,
        "how the country was joined",
        nullable=True,
        isin=COUNTRY_ASSIGNMENTS,
    ),
    Column("source", TEXT, "geocoder, `names`, `text` or `override`", nullable=True),
    Column("confidence", TEXT, "high, medium or low", nullable=True, isin=CONFIDENCES),
    Column("agreeing_sources", pa.int32(), "independent sources that agree on the place"),
    Column("candidates", pa.int32(), "accepted answers"),
    Column("place", TEXT, "name of the place or division behind the point", nullable=True),
)

LOCATED_LOCALITIES = TableSchema(
    "located_localities",
    (
        Column("locality", TEXT, "LOCALITY header", unique=True),
        Column("origin", TEXT, "class by the locality alone", isin=tuple(OriginClass)),
        *_LOCATION,
        Column("flags", TEXT, "reservations, blank-separated", nullable=True),
        Column("specimens", pa.int32(), "specimens with this locality"),
    ),
)

PAPER_LOCALITIES = TableSchema(
    "paper_localities",
    (
        Column("locality", TEXT, "LOCALITY header", unique=True),
        Column("query", TEXT, "what was left of it when a geocoder answered", nullable=True),
        Column("dropped", pa.int32(), "segments dropped from the left"),
        Column("source", TEXT, "geocoder that answered", nullable=True),
        Column("level", TEXT, "what it located", isin=LEVELS),
        Column("latitude", pa.float64(), "degrees north", True),
        Column("longitude", pa.float64(), "degrees east", True),
        Column("country", TEXT, "Natural Earth country that holds the point", nullable=True),
        Column("iso_a2", TEXT, "its ISO code", nullable=True),
        Column("specimens", pa.int32(), "specimens with this locality"),
    ),
)

LOCATED_SPECIMENS = TableSchema(
    "located_specimens",
    (
        Column("rruff_id", TEXT, "the specimen", unique=True),
        Column("mineral", TEXT, "its commonest NAMES header", nullable=True),
        Column("locality", TEXT, "its commonest LOCALITY header"),
        Column("origin", TEXT, "class by locality, names and description", isin=tuple(OriginClass)),
        Column("is_synthetic", pa.bool_(), "made, not found: never gets coordinates"),
        *_LOCATION,
        Column("flags", TEXT, "reservations, blank-separated", nullable=True),
        Column("spectra", pa.int32(), "spectra of the specimen"),
    ),
)
