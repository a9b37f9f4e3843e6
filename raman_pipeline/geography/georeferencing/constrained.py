"""The constrained strategy: which names of a locality are asked for, and which answer counts.

What belongs here: the plan of a search, the grounds for refusing an answer, the choice
among accepted ones and its confidence. What does not: reading the country from the
text (see `country_names`), asking (see `georeference`).

It differs from Pappone (2024) in that the country is read first and bounds everything,
each segment is asked for on its own so that an unknown middle one does not matter, an
answer counts only inside the country and the divisions that the text names, and what
was found says how coarse it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.geocoding.geocoder import Candidate
from raman_pipeline.geography.maps.admin_divisions import (
    Region,
    bare_name,
    inside_all,
    says_division,
)
from raman_pipeline.geography.maps.geodesy import distance_km, farthest_km
from raman_pipeline.geography.text.country_names import CountryGuess
from raman_pipeline.geography.text.locality import Locality, fold
from raman_pipeline.geography.text.offsets import Offset, read_offset

CONTEXT_KM = 50.0
"""A place farther than this from the reach of every wider one in the text is another."""
COARSE_FACTOR, COARSE_MIN_KM, CITY_MIN_KM, CITY = 2.0, 30.0, 45.0, 50_000
"""Where the finest names stayed unknown, the sample lies somewhere around a wider place:
twice as far as to the neighbours, and farther around a city, which is named from afar."""
OUTWEIGHS = 20
"""Of several places of one name, one this many times as populous as the next is meant."""

_GENERIC = re.compile(
    r"\b(?:mines?|mina|minas|mining|quarry|quarries|opencut|open pit|pit|shaft|deposits?|"
    r"prospect|claims?|pegmatites?|property|tunnel|adit|lavra|lode|vein|dike|volcano|"
    r"mountains?|mtns?|mts?|mount|range|hills?|valley|peninsula|village|town|city|"
    r"near|from|the|of)\b\.?(?!-)|[#№]\s*\d+|\bno\.?\s*\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Step:
    """One name to ask for.

    Attributes:
        segment: index of the segment it comes from; 0 is the most local.
        query: the name.
        stripped: True where generic words were dropped ("Tsumeb mine": "Tsumeb").
        offset: where the sample lies off the place of this name.
    """

    segment: int
    query: str
    stripped: bool = False
    offset: Offset | None = None


@dataclass(frozen=True)
class Search:
    """What is asked for and what bounds the answers.

    Attributes:
        iso_a2: ISO 3166-1 alpha-2 code of the country.
        steps: names, the most local first.
        divisions: segment index and division of each level that the text names.
    """

    iso_a2: str
    steps: tuple[Step, ...]
    divisions: tuple[tuple[int, Region], ...]

    @property
    def regions(self) -> tuple[Region, ...]:
        """The divisions alone."""
        return tuple(region for _, region in self.divisions)


@dataclass(frozen=True)
class Accepted:
    """An accepted candidate, with the step that found it and whose data it is."""

    step: Step
    family: str
    candidate: Candidate


@dataclass(frozen=True)
class Choice:
    """What a locality was located by.

    Attributes:
        found: the deciding candidate.
        coordinate_uncertainty_km: uncertainty of the point for the sample.
        confidence: `high`, `medium` or `low`.
        sources: independent families that agree on the place.
        flags: reservations.
    """

    found: Accepted
    coordinate_uncertainty_km: float
    confidence: str
    sources: int
    flags: tuple[str, ...]


def plan_search(locality: Locality, guess: CountryGuess, atlas: Atlas) -> Search:
    """Plans the search for a locality whose country is known."""
    assert guess.iso_a2 is not None
    divisions = _divisions(locality, guess, atlas)
    taken = {index for index, _ in divisions}
    # "Some deposit, Atyrau, Atyrau Oblast": the capital says no more than the division.
    called = {fold(n) for _, r in divisions for n in (r.name, bare_name(r.name))}
    taken |= {i for i, s in enumerate(locality.segments) if i > 0 and bare_name(s) in called}
    steps: list[Step] = []
    for index, segment in enumerate(locality.segments):
        if index in taken or atlas.names.is_region(segment):
            continue
        offset = read_offset(segment)
        if offset is not None:
            steps.append(Step(index, offset.anchor, offset=offset))
            steps += _stripped(index, offset.anchor, offset)
            continue
        steps.append(Step(index, segment))
        steps += _stripped(index, segment, None)
    steps += [Step(len(locality.segments), alias, stripped=True) for alias in locality.aliases]
    # An alias may stand twice in a text; it is asked for once.
    return Search(guess.iso_a2, tuple(dict.fromkeys(steps)), divisions)


def refusal(
    search: Search, step: Step, candidate: Candidate, polygon_iso_a2: str | None
) -> str | None:
    """Returns why an answer does not count, None where it does."""
    if candidate.level in ("none", "country"):
        return "not_a_place" if candidate.level == "none" else "whole_country"
    if polygon_iso_a2 != search.iso_a2:
        return "outside_country"
    if candidate.level != "place":
        return "division"
    if not inside_all(candidate.latitude, candidate.longitude, search.regions):
        return "outside_division"
    if candidate.fuzzy and not _same_name(step.query, candidate.name):
        return "other_name"
    return None


def choose(
    search: Search, accepted: Sequence[Accepted], bearers: Callable[[str], int]
) -> Choice | tuple[str, ...]:
    """Chooses the place of a locality among accepted answers; or says why none will do.

    Args:
        search: the plan.
        accepted: answers that were not refused.
        bearers: how many towns of the world bear a name.
    """
    flags: list[str] = []
    order = sorted({(a.step.segment, a.step.stripped) for a in accepted})
    for segment, stripped in order:
        here = [a for a in accepted if (a.step.segment, a.step.stripped) == (segment, stripped)]
        wider = [a for a in accepted if a.step.segment > segment and not a.step.stripped]
        near = [a for a in here if any(_apart(a, w) <= CONTEXT_KM + _reach(w) for w in wider)]
        if wider and not near:
            flags.append("far_from_wider_place")
            continue
        alone = segment == 0 and all(s.segment == 0 for s in search.steps)
        if stripped and not near and not (alone and bearers(here[0].step.query) == 1):
            # "Esperanza mine, Chile": some town is called so, but hardly this one.
            flags.append("common_name")
            continue
        bounded = bool(near) or any(r.level == "admin2" for r in search.regions)
        best = _one_place(near or here)
        if best is None:
            flags.append("ambiguous_place")
            continue
        unknown = any(s.segment > segment for s in search.steps) and not bounded
        # A whole name of several words within a division is hardly another's.
        telling = not stripped and " " in best.step.query and search.regions
        if unknown and not telling and best.candidate.population < CITY:
            # "Dornberg, Sauerland, Germany": nothing says that it is this Dornberg.
            flags.append("unconfirmed_place")
            continue
        return _choice(search, best, here, bounded, flags)
    return tuple(dict.fromkeys(flags))


def _choice(
    search: Search, best: Accepted, here: list[Accepted], bounded: bool, flags: list[str]
) -> Choice:
    agreeing = {a.family for a in here if _apart(a, best) <= _reach(a) + _reach(best)}
    apart = {a.family for a in here} - agreeing
    if apart:
        flags = [*flags, "sources_disagree"]
    # Of agreeing answers the finest is kept: a mine rather than the town around it.
    close = [a for a in here if _apart(a, best) <= _reach(a) + _reach(best)]
    best = min(close, key=lambda a: (a.candidate.coordinate_uncertainty_km, a.family))
    radius = best.candidate.coordinate_uncertainty_km
    if best.step.segment > 0 and best.step.offset is None:
        least = CITY_MIN_KM if best.candidate.population >= CITY else COARSE_MIN_KM
        radius = max(radius * COARSE_FACTOR, least)
    for region in search.regions:
        if region.polygon is not None:
            point = best.candidate
            radius = min(radius, farthest_km(point.latitude, point.longitude, region.polygon))
    if apart:
        confidence = "low"
    elif len(agreeing) > 1 or bounded:
        confidence = "high"
    else:
        confidence = "medium" if search.regions else "low"
    return Choice(best, round(radius, 1), confidence, len(agreeing), tuple(flags))


def _divisions(
    locality: Locality, guess: CountryGuess, atlas: Atlas
) -> tuple[tuple[int, Region], ...]:
    """Returns at most one division of each level, with the segment that names it."""
    assert guess.iso_a2 is not None
    found: dict[str, tuple[int, Region]] = {}
    for index in range(len(locality.segments) - 1, -1, -1):
        segment = locality.segments[index]
        if fold(segment) == guess.matched and "from_region" not in guess.flags:
            continue
        for region in atlas.regions.find(segment, guess.iso_a2):
            if region.level in found:
                continue
            if region.level == "admin2" and _is_town(index, segment, guess.iso_a2, atlas):
                continue
            wider = found.get("admin1")
            if wider and not wider[1].holds(region.latitude, region.longitude):
                continue
            found[region.level] = (index, region)
            break
    return tuple(found[level] for level in sorted(found))


def _is_town(index: int, segment: str, iso_a2: str, atlas: Atlas) -> bool:
    """Tells whether a name shared with a second-level division means the town.

    "Tocopilla" does, "Tocopilla Province" does not, and neither does "Some mine,
    Tocopilla", which may lie anywhere in the province.
    """
    if index > 0 or says_division(segment) or atlas.names.is_region(segment):
        return False
    return iso_a2 in atlas.gazetteer.countries_of(fold(segment))


def _stripped(index: int, segment: str, offset: Offset | None) -> list[Step]:
    bare = " ".join(_GENERIC.sub(" ", segment).split()).strip(" .-'")
    # What calls itself a district or a county is wider than the town of its name.
    if len(bare) < 3 or bare == segment or says_division(bare):
        return []
    return [Step(index, bare, True, offset)]


def _same_name(query: str, name: str) -> bool:
    """Tells whether a place's name shares a word with the query."""
    asked, got = set(fold(query).split()), set(fold(name).split())
    return bool(asked & got) or fold(query).replace(" ", "") == fold(name).replace(" ", "")


def _one_place(here: list[Accepted]) -> Accepted | None:
    """Returns the first answer where all mean one place or it outweighs the others."""
    first = min(
        here,
        key=lambda a: (-a.candidate.population, a.candidate.coordinate_uncertainty_km, a.family),
    )
    others = [a for a in here if _apart(a, first) > 2 * max(_reach(a), _reach(first))]
    rival = max((a.candidate.population for a in others), default=None)
    if rival is None or first.candidate.population >= OUTWEIGHS * max(rival, 1):
        return first
    return None


def _reach(accepted: Accepted) -> float:
    return accepted.candidate.coordinate_uncertainty_km


def _apart(one: Accepted, other: Accepted) -> float:
    a, b = one.candidate, other.candidate
    return float(distance_km(a.latitude, a.longitude, [b.latitude], [b.longitude])[0])
