"""Names that gazetteers leave out: of countries, regions, territories and divisions.

The data lies in three CSV files beside this module. It is common knowledge, written
down for this project. All names are in the folded form of `locality.fold`.

`place_names.csv`, one row per name:
    name: as in locality texts.
    kind: `country` (another name of one country), `region` (a region that is last in
        a text without its country; US states come from GeoNames), `historic` (a name that
        covers several present countries), `vague` (too wide for a country) or `celestial` (not
        on Earth).
    iso_a2: ISO 3166-1 alpha-2 code; for `historic` the codes with blanks between, the
        default first; empty for `vague` and `celestial`.
`territories.csv`, one row per territory with an ISO code of its own:
    iso_a2: code of the territory.
    state: code of its state.
    drawn: `apart` or `with_state`, as Natural Earth draws it.
`division_aliases.csv`, one row per name:
    name: another name of an administrative division.
    division: its name in the table of divisions.
"""

from __future__ import annotations

import csv
from pathlib import Path


def _rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


_PLACE_NAMES = _rows("place_names.csv")
_TERRITORIES = _rows("territories.csv")


def _of_kind(kind: str) -> dict[str, str]:
    return {row["name"]: row["iso_a2"] for row in _PLACE_NAMES if row["kind"] == kind}


COUNTRY_ALIASES = _of_kind("country")
"""Code of the country by another name of it."""

REGIONS = _of_kind("region")
"""Code of the country by the name of one of its regions."""

HISTORIC = {name: tuple(codes.split()) for name, codes in _of_kind("historic").items()}
"""Codes of the countries that a historic name covers. The first is the default, used with
a flag where nothing else in the text decides."""

CELESTIAL = frozenset(_of_kind("celestial"))
"""Names of celestial bodies, which towns have, too."""

VAGUE = frozenset(_of_kind("vague"))
"""Names too wide for a country."""

TERRITORIES = {(r["iso_a2"], r["state"]) for r in _TERRITORIES if r["drawn"] == "apart"}
"""Pairs of a territory and its state: the text names both, Natural Earth draws both."""

DRAWN_WITH = {r["iso_a2"]: r["state"] for r in _TERRITORIES if r["drawn"] == "with_state"}
"""Code of the state by that of a territory that Natural Earth draws as part of it."""

DIVISION_ALIASES = {row["name"]: row["division"] for row in _rows("division_aliases.csv")}
"""Name in the table of divisions by another name."""
