"""The search plan of a locality: which names are queried, and what bounds the answers.

What belongs here: planning, and the plan as columns of the LOCALITIES table. What does
not: reading the country from the text (see `text.country_names`), which answer counts
(see `constrained`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.maps.admin_divisions import (
    AdminDivision,
    AdminDivisions,
    bare_name,
    says_division,
)
from raman_pipeline.geography.text.country_names import NamedCountry
from raman_pipeline.geography.text.locality import Locality, fold
from raman_pipeline.geography.text.offsets import Offset, read_offset

_GENERIC = re.compile(
    r"\b(?:mines?|mina|minas|mining|quarry|quarries|opencut|open pit|pit|shaft|deposits?|"
    r"prospect|claims?|pegmatites?|property|tunnel|adit|lavra|lode|vein|dike|volcano|"
    r"mountains?|mtns?|mts?|mount|range|hills?|valley|peninsula|village|town|city|"
    r"near|from|the|of)\b\.?(?!-)|[#№]\s*\d+|\bno\.?\s*\d+",
    re.IGNORECASE,
)
_MIN_STRIPPED = 3


@dataclass(frozen=True)
class SearchStep:
    """One name to query.

    Attributes:
        segment: index of the segment it comes from; 0 is the most local.
        query: the name.
        stripped: True where generic words were dropped ("Tsumeb mine": "Tsumeb").
        offset: where the site lies relative to the place of this name.
    """

    segment: int
    query: str
    stripped: bool = False
    offset: Offset | None = None


@dataclass(frozen=True)
class SearchPlan:
    """The names to query and what bounds the answers.

    Attributes:
        iso_a2: ISO 3166-1 alpha-2 code of the country.
        steps: names, the most local first.
        divisions: at most one administrative division of each level, first level first.
    """

    iso_a2: str
    steps: tuple[SearchStep, ...] = ()
    divisions: tuple[AdminDivision, ...] = ()

    def columns(self) -> dict[str, Any]:
        """Returns the plan as the columns `steps` and `divisions` of LOCALITIES."""
        return {
            "steps": [asdict(step) for step in self.steps],
            "divisions": [
                {k: getattr(d, k) for k in ("level", "name", "row")} for d in self.divisions
            ],
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any], divisions: AdminDivisions) -> SearchPlan:
        """Returns the plan of a LOCALITIES row that has a country."""
        return cls(
            row["iso_a2"],
            tuple(
                SearchStep(
                    **step | {"offset": Offset(**step["offset"]) if step["offset"] else None}
                )
                for step in row["steps"]
            ),
            tuple(divisions[d["row"]] for d in row["divisions"]),
        )


def plan_search(locality: Locality, country: NamedCountry, atlas: Atlas) -> SearchPlan:
    """Plans the search for a locality whose country is known.

    Segments that name a country or a division are not queried, all others are: as they
    are, and without generic words.
    """
    assert country.iso_a2 is not None
    found = _divisions(locality, country, atlas)
    taken = set(found)
    # "Some deposit, Atyrau, Atyrau Oblast": the capital says no more than the division.
    names = {fold(n) for d in found.values() for n in (d.name, bare_name(d.name))}
    taken |= {i for i, s in enumerate(locality.segments) if i > 0 and bare_name(s) in names}
    steps: list[SearchStep] = []
    for index, segment in enumerate(locality.segments):
        if index in taken or atlas.names.is_region(segment):
            continue
        offset = read_offset(segment)
        name = segment if offset is None else offset.anchor
        steps.append(SearchStep(index, name, offset=offset))
        # What contains "district" or "county" is wider than the town of its name.
        bare = " ".join(_GENERIC.sub(" ", name).split()).strip(" .-'")
        if len(bare) >= _MIN_STRIPPED and bare != name and not says_division(bare):
            steps.append(SearchStep(index, bare, True, offset))
    steps += [SearchStep(len(locality.segments), alias, True) for alias in locality.aliases]
    # An alias may occur twice in a text; it is queried once.
    return SearchPlan(
        country.iso_a2,
        tuple(dict.fromkeys(steps)),
        tuple(sorted(found.values(), key=lambda division: division.level)),
    )


def _divisions(locality: Locality, country: NamedCountry, atlas: Atlas) -> dict[int, AdminDivision]:
    """Returns at most one division of each level, by the segment that names it."""
    assert country.iso_a2 is not None
    found: dict[int, AdminDivision] = {}
    for index, segment in reversed(list(enumerate(locality.segments))):
        if fold(segment) == country.matched and "from_region" not in country.flags:
            continue
        wider = {d.level: d for d in found.values()}
        for division in atlas.admin_divisions.find(segment, country.iso_a2):
            if division.level in wider:
                continue
            if division.level == "admin2" and _is_town(index, segment, country.iso_a2, atlas):
                continue
            first = wider.get("admin1")
            if first and not first.holds(division.latitude, division.longitude):
                continue
            found[index] = division
            break
    return found


def _is_town(index: int, segment: str, iso_a2: str, atlas: Atlas) -> bool:
    """Returns whether a name shared with a second-level division means the town.

    "Tocopilla" does, "Tocopilla Province" does not, and neither does "Some mine,
    Tocopilla", which may lie anywhere in the province.
    """
    if index > 0 or says_division(segment) or atlas.names.is_region(segment):
        return False
    return iso_a2 in atlas.gazetteer.countries_of(fold(segment))
