"""The constrained strategy: which answer counts, and which place a locality is located at.

What belongs here: the reasons for refusing an answer, the choice among accepted ones and
its confidence. What does not: which names are queried (see `search_plan`), querying (see
`candidates`).

It differs from Pappone (2024) in that the country is read first and bounds everything,
each segment is queried on its own so that an unknown middle one does not matter, an
answer counts only inside the country and the divisions that the text names, and the
result states its level.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from raman_pipeline.geography.geocoding.geocoder import Candidate
from raman_pipeline.geography.georeferencing.search_plan import SearchPlan, SearchStep
from raman_pipeline.geography.maps.admin_divisions import inside_all
from raman_pipeline.geography.maps.geodesy import distance_km, farthest_km
from raman_pipeline.geography.text.country_names import OUTWEIGHS
from raman_pipeline.geography.text.locality import fold

CONTEXT_KM = 50.0
"""A place farther than this from the reach of every wider place in the text is another one."""
COARSE_FACTOR, COARSE_MIN_KM, CITY_MIN_KM, CITY = 2.0, 30.0, 45.0, 50_000
"""Where the finest names are unknown, the site lies somewhere around a wider place: the
uncertainty doubles, with a minimum that is larger for a city (inhabitants), whose name
covers a wider area."""
_RANGE = re.compile(r"\b(?:mountains|mtns|mts|range|hills|valley|peninsula)\b", re.IGNORECASE)
"""Words of what may extend over hundreds of kilometres."""


@dataclass(frozen=True)
class AcceptedCandidate:
    """An accepted candidate, with the step that found it and the provider of its data."""

    step: SearchStep
    provider: str
    candidate: Candidate


@dataclass(frozen=True)
class PlaceChoice:
    """The place that a locality is located at.

    Attributes:
        found: the deciding candidate.
        coordinate_uncertainty_km: uncertainty of the point for the specimen.
        confidence: `high`, `medium` or `low`.
        sources: number of independent providers that agree on the place.
        flags: reservations.
    """

    found: AcceptedCandidate
    coordinate_uncertainty_km: float
    confidence: str
    sources: int
    flags: tuple[str, ...]


def refusal(
    plan: SearchPlan, step: SearchStep, candidate: Candidate, polygon_iso_a2: str | None
) -> str | None:
    """Returns why an answer does not count (one of CANDIDATE_REFUSALS), None where it does."""
    if candidate.level in ("none", "country"):
        return "not_a_place" if candidate.level == "none" else "whole_country"
    if polygon_iso_a2 != plan.iso_a2:
        return "outside_country"
    if candidate.level != "place":
        return "division"
    if not inside_all(candidate.latitude, candidate.longitude, plan.divisions):
        return "outside_division"
    if candidate.fuzzy and not _same_name(step.query, candidate.name):
        return "other_name"
    return None


def choose(
    plan: SearchPlan, accepted: Sequence[AcceptedCandidate], homonyms: Callable[[str], int]
) -> PlaceChoice | tuple[str, ...]:
    """Chooses the finest accepted place that the text does not cast doubt on.

    Args:
        plan: of the locality.
        accepted: candidates that `refusal` lets through.
        homonyms: number of towns in the world with a name.

    Returns:
        The choice, or the flags that explain why no place was chosen.
    """
    flags: list[str] = []
    for segment, stripped in sorted({(a.step.segment, a.step.stripped) for a in accepted}):
        found = _place_of_name(plan, accepted, segment, stripped, homonyms)
        if isinstance(found, PlaceChoice):
            return replace(found, flags=(*flags, *found.flags))
        flags.append(found)
    return tuple(dict.fromkeys(flags))


def _place_of_name(
    plan: SearchPlan,
    accepted: Sequence[AcceptedCandidate],
    segment: int,
    stripped: bool,
    homonyms: Callable[[str], int],
) -> PlaceChoice | str:
    """Returns the place that one name of the text means, or the flag that explains why none."""
    here = [a for a in accepted if (a.step.segment, a.step.stripped) == (segment, stripped)]
    wider = [a for a in accepted if a.step.segment > segment and not a.step.stripped]
    near = [a for a in here if any(_distance(a, w) <= CONTEXT_KM + _reach(w) for w in wider)]
    if wider and not near:
        return "far_from_wider_place"
    if stripped and not near and not _is_unique_name(plan, here[0].step, homonyms):
        # "Esperanza mine, Chile": some town has this name, but hardly this one.
        return "common_name"
    best = _single_place(near or here)
    if best is None:
        return "ambiguous_place"
    bounded = bool(near) or any(d.level == "admin2" for d in plan.divisions)
    if not bounded and _is_unconfirmed(plan, best):
        # "Dornberg, Sauerland, Germany": nothing says that it is this Dornberg.
        return "unconfirmed_place"
    return _choice(plan, best, here, bounded)


def _is_unique_name(plan: SearchPlan, step: SearchStep, homonyms: Callable[[str], int]) -> bool:
    """Returns whether a name is the only one to query and a single town has it."""
    if not plan.divisions and any(_RANGE.search(s.query) for s in plan.steps):
        # "Ural Mountains, Russia": the town Ural lies anywhere in the country.
        return False
    return all(s.segment == 0 for s in (step, *plan.steps)) and homonyms(step.query) == 1


def _is_unconfirmed(plan: SearchPlan, best: AcceptedCandidate) -> bool:
    """Returns whether wider names than that of a small place were not found."""
    step = best.step
    if not any(s.segment > step.segment for s in plan.steps):
        return False
    # A whole name of several words within a division is hardly that of another place.
    specific = not step.stripped and " " in step.query and plan.divisions
    return not specific and best.candidate.population < CITY


def _single_place(here: Sequence[AcceptedCandidate]) -> AcceptedCandidate | None:
    """Returns the first answer if all mean one place or it outweighs the others."""
    first = min(
        here,
        key=lambda a: (
            -a.candidate.population,
            a.candidate.coordinate_uncertainty_km,
            a.provider,
        ),
    )
    others = [a for a in here if _distance(a, first) > 2 * max(_reach(a), _reach(first))]
    rival = max((a.candidate.population for a in others), default=None)
    if rival is None or first.candidate.population >= OUTWEIGHS * max(rival, 1):
        return first
    return None


def _choice(
    plan: SearchPlan, best: AcceptedCandidate, here: list[AcceptedCandidate], bounded: bool
) -> PlaceChoice:
    close = [a for a in here if _distance(a, best) <= _reach(a) + _reach(best)]
    agreeing = {a.provider for a in close}
    disagree = bool({a.provider for a in here} - agreeing)
    # Of agreeing answers the finest is kept: a mine rather than the town around it.
    best = min(close, key=lambda a: (a.candidate.coordinate_uncertainty_km, a.provider))
    if disagree:
        confidence = "low"
    elif len(agreeing) > 1 or bounded:
        confidence = "high"
    else:
        confidence = "medium" if plan.divisions else "low"
    flags = ("sources_disagree",) if disagree else ()
    return PlaceChoice(best, _uncertainty_km(plan, best), confidence, len(agreeing), flags)


def _uncertainty_km(plan: SearchPlan, best: AcceptedCandidate) -> float:
    """Returns the uncertainty for the specimen: larger where finer names stayed unknown."""
    point = best.candidate
    radius = point.coordinate_uncertainty_km
    if best.step.segment > 0 and best.step.offset is None:
        least = CITY_MIN_KM if point.population >= CITY else COARSE_MIN_KM
        radius = max(radius * COARSE_FACTOR, least)
    polygons = [d.polygon for d in plan.divisions if d.polygon is not None]
    return round(
        min([radius, *(farthest_km(point.latitude, point.longitude, p) for p in polygons)]), 1
    )


def _same_name(query: str, name: str) -> bool:
    """Returns whether a place's name shares a word with the query."""
    wanted, got = set(fold(query).split()), set(fold(name).split())
    return bool(wanted & got) or fold(query).replace(" ", "") == fold(name).replace(" ", "")


def _reach(accepted: AcceptedCandidate) -> float:
    return accepted.candidate.coordinate_uncertainty_km


def _distance(one: AcceptedCandidate, other: AcceptedCandidate) -> float:
    a, b = one.candidate, other.candidate
    return float(distance_km(a.latitude, a.longitude, [b.latitude], [b.longitude])[0])
