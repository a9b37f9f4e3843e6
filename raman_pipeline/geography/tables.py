"""Schemas of the tables of this package."""

from __future__ import annotations

import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.geography.geocoding.geocoder import LOCATION_LEVELS
from raman_pipeline.geography.text.locality import OriginClass

TEXT = pa.string()
TEXTS = pa.list_(TEXT)
_OFFSET = pa.struct(
    {
        "anchor": TEXT,
        "distance_km": pa.float64(),
        "bearing": pa.float64(),
        "half_angle": pa.float64(),
    }.items()
)
_STEP = pa.struct(
    [("segment", pa.int32()), ("query", TEXT), ("stripped", pa.bool_()), ("offset", _OFFSET)]
)
_DIVISION = pa.struct([("level", TEXT), ("name", TEXT), ("row", pa.int32())])
_MAJORITY = pa.struct(
    [("name", TEXT), ("iso_a2", TEXT), ("agreeing", pa.int32()), ("localities", pa.int32())]
)
CANDIDATE_REFUSALS = (
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
        Column("segments", TEXTS, "parts of `cleaned`, the most local first"),
        Column("aliases", TEXTS, "texts in parentheses"),
        Column("origin", TEXT, "class by the locality alone", isin=tuple(OriginClass)),
        Column("iso_a2", TEXT, "country that the text names", nullable=True),
        Column("matched", TEXT, "the name that decided the country", nullable=True),
        Column("flags", TEXTS, "how the country was decided"),
        Column("steps", pa.list_(_STEP), "names to query, the most local first"),
        Column("divisions", pa.list_(_DIVISION), "administrative divisions that the text names"),
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
        Column("locality", TEXT, "LOCALITY header"),
        Column("source", TEXT, "geocoder"),
        Column("provider", TEXT, "provider of its data; one provider counts once"),
        Column("query", TEXT, "name that was queried"),
        Column("segment", pa.int32(), "index of the segment; 0 is the most local"),
        Column("stripped", pa.bool_(), "queried without generic words, or an alias"),
        Column("offset", pa.bool_(), "point offset from the named place"),
        Column("rank", pa.int32(), "order among the answers to one query, from 0"),
        Column("name", TEXT, "name of the place"),
        Column("kind", TEXT, "kind of the place, in the geocoder's words"),
        Column("level", TEXT, "what the geocoder located", isin=LOCATION_LEVELS),
        Column("iso_a2", TEXT, "country of the place, by the geocoder", nullable=True),
        Column("latitude", pa.float64(), "degrees north, WGS 84", between=(-90, 90)),
        Column("longitude", pa.float64(), "degrees east, WGS 84", between=(-180, 180)),
        Column(
            "coordinate_uncertainty_km",
            pa.float64(),
            "radius of the place around the point, km",
            between=(0, 2e4),
        ),
        Column("population", pa.int64(), "inhabitants, 0 where unknown"),
        Column("country", TEXT, "Natural Earth country that holds the point", nullable=True),
        Column("polygon_iso_a2", TEXT, "its ISO code", nullable=True),
        Column("near_coast", pa.bool_(), "outside all polygons, within 20 km of this country"),
        Column(
            "refused",
            TEXT,
            "why it does not count; null: accepted, a place inside all that the text names",
            nullable=True,
            isin=CANDIDATE_REFUSALS,
        ),
    ),
    unique_together=("locality", "source", "segment", "query", "offset", "rank"),
)

_LOCATION = (
    Column("country", TEXT, "Natural Earth NAME", nullable=True),
    Column("iso_a2", TEXT, "ISO 3166-1 alpha-2", nullable=True),
    Column("iso_a3", TEXT, "ISO 3166-1 alpha-3", nullable=True),
    Column("latitude", pa.float64(), "degrees north; null at country level", True),
    Column("longitude", pa.float64(), "degrees east; null at country level", True),
    Column("level", TEXT, "what was located", isin=LOCATION_LEVELS),
    Column("coordinate_uncertainty_km", pa.float64(), "radius around the point, km", nullable=True),
    Column(
        "country_assignment",
        TEXT,
        "how the country was assigned",
        nullable=True,
        isin=COUNTRY_ASSIGNMENTS,
    ),
    Column("source", TEXT, "geocoder, `names`, `text` or `override`", nullable=True),
    Column("confidence", TEXT, "high, medium or low", nullable=True, isin=CONFIDENCES),
    Column("agreeing_sources", pa.int32(), "independent providers that agree on the place"),
    Column("candidates", pa.int32(), "accepted answers"),
    Column("place", TEXT, "name of the place or division behind the point", nullable=True),
)

LOCATED_LOCALITIES = TableSchema(
    "located_localities",
    (
        Column("locality", TEXT, "LOCALITY header", unique=True),
        Column("origin", TEXT, "class by the locality alone", isin=tuple(OriginClass)),
        *_LOCATION,
        Column("flags", TEXTS, "reservations"),
        Column(
            "majority",
            _MAJORITY,
            "country of most localities that share one of its names, where it is another one",
            nullable=True,
        ),
        Column("specimens", pa.int32(), "specimens with this locality"),
    ),
)

PAPER_LOCALITIES = TableSchema(
    "paper_localities",
    (
        Column("locality", TEXT, "LOCALITY header", unique=True),
        Column("query", TEXT, "remaining text when a geocoder answered", nullable=True),
        Column("dropped", pa.int32(), "segments dropped from the left"),
        Column("source", TEXT, "geocoder that answered", nullable=True),
        Column("level", TEXT, "what it located", isin=LOCATION_LEVELS),
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
        Column("mineral", TEXT, "its most common NAMES header", nullable=True),
        Column("locality", TEXT, "its most common LOCALITY header"),
        Column("site", TEXT, "the most local name in it, folded"),
        Column("origin", TEXT, "class by locality, names and description", isin=tuple(OriginClass)),
        Column("is_synthetic", pa.bool_(), "synthetic: never gets coordinates"),
        *_LOCATION,
        Column("flags", TEXTS, "reservations"),
        Column("spectra", pa.int32(), "spectra of the specimen"),
    ),
)
