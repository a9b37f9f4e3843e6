"""The country that a locality text names, resolved from its right end.

What belongs here: matching names to ISO 3166-1 codes. What does not: the lists of names
(see `name_lists`), coordinates and polygons (see `maps`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from raman_pipeline.geography.text.locality import Locality, fold
from raman_pipeline.geography.text.name_lists import (
    CELESTIAL,
    COUNTRY_ALIASES,
    DRAWN_WITH,
    HISTORIC,
    REGIONS,
    TERRITORIES,
    VAGUE,
)

_COUNTY = re.compile(r"\b(?:county|co|parish)\.?$", re.IGNORECASE)
_TYPO_SIMILARITY = 0.84
OUTWEIGHS = 20
"""Of several places with one name, one this many times as populous as the next is meant."""
_MIN_TYPO_LENGTH = 6


class PlaceIndex(Protocol):
    """The part of a gazetteer that this module needs."""

    def countries_of(self, name: str) -> dict[str, int]:
        """Returns ISO code to population of the largest place of this (folded) name."""
        ...


@dataclass(frozen=True)
class NamedCountry:
    """A country read from text.

    Attributes:
        iso_a2: ISO 3166-1 alpha-2 code; None where the text names none.
        matched: the name that decided.
        flags: how it was decided; empty for a plain country name.
    """

    iso_a2: str | None
    matched: str = ""
    flags: tuple[str, ...] = ()


class CountryNames:
    """Names of all countries, and of regions that imply one.

    Args:
        countries: ISO code and name of every country.
        states: name of every state of the US.
        places: a gazetteer, used where names alone do not decide.
    """

    def __init__(
        self,
        countries: Iterable[tuple[str, str]],
        states: Iterable[str],
        places: PlaceIndex,
    ) -> None:
        self._places = places
        self._countries = {fold(name): DRAWN_WITH.get(code, code) for code, name in countries}
        self._countries |= COUNTRY_ALIASES
        self._states = {fold(name) for name in states}

    def resolve(self, locality: Locality) -> NamedCountry:
        """Returns the country of a locality.

        The segments are read from the right. In each: a country's name, a historic
        name that covers several (decided by the text further left), a region or a
        US state, a country's name at the end of the segment ("southern Namibia"), then
        names in parentheses, then a misspelt country; at last the largest place of
        the gazetteer with the name of a segment.
        """
        segments = [fold(s) for s in locality.segments]
        aliases = [fold(a) for a in locality.aliases]
        if not segments:
            return self._first(self._exact(a, [], locality) for a in aliases)
        for depth, segment in enumerate(reversed(segments)):
            inner = segments[: len(segments) - 1 - depth]
            found = self._segment(segment, inner, locality)
            if found.iso_a2:
                return self._territory(found, inner)
        found = self._first(self._exact(a, segments, locality) for a in aliases)
        if found.iso_a2:
            return found
        if segments[-1] in CELESTIAL:
            return NamedCountry(None)
        found = self._first(self._misspelt(s) for s in reversed(segments))
        if found.iso_a2 or segments[-1] in VAGUE:
            return found
        return self._first(self._largest_place(s) for s in reversed(segments))

    def is_region(self, segment: str) -> bool:
        """Returns whether a segment is the name of a country, a US state or a region."""
        name = fold(segment)
        known = (self._countries, self._states, REGIONS, HISTORIC, VAGUE)
        return any(name in names for names in known)

    def _segment(self, segment: str, inner: list[str], locality: Locality) -> NamedCountry:
        found = self._exact(segment, inner, locality)
        if found.iso_a2 or segment in VAGUE:
            return found
        words = segment.split()
        for start in range(1, len(words)):
            found = self._exact(
                " ".join(words[start:]), [*inner, " ".join(words[:start])], locality
            )
            if found.iso_a2:
                return NamedCountry(
                    found.iso_a2, found.matched, ("country_in_segment", *found.flags)
                )
        if words:
            first = self._exact(words[0], inner, locality)
            if first.iso_a2 and len(words) == 2 and self._misspelt(words[1]).iso_a2:
                return NamedCountry(first.iso_a2, first.matched, ("two_countries",))
        return NamedCountry(None)

    def _exact(self, name: str, inner: list[str], locality: Locality) -> NamedCountry:
        name = name.removeprefix("the ")
        if name == "georgia":
            return self._georgia(inner, locality)
        if name == "congo":
            return self._congo(inner, locality)
        if name in HISTORIC:
            return self._historic(name, inner, locality)
        if name in self._countries:
            return NamedCountry(self._countries[name], name)
        if name in self._states:
            return NamedCountry("US", name, ("from_region",))
        if name in REGIONS:
            return NamedCountry(REGIONS[name], name, ("from_region",))
        return NamedCountry(None)

    def _georgia(self, inner: list[str], locality: Locality) -> NamedCountry:
        # The state has counties; the country has none.
        if any(_COUNTY.search(s) for s in locality.segments):
            return NamedCountry("US", "georgia", ("from_region",))
        towns = [self._places.countries_of(name) for name in inner]
        if any("US" in t for t in towns) and not any("GE" in t for t in towns):
            return NamedCountry("US", "georgia", ("from_region", "country_from_place"))
        return NamedCountry("GE", "georgia", ("ambiguous_name",))

    def _congo(self, inner: list[str], locality: Locality) -> NamedCountry:
        hints = [*inner, *(fold(a) for a in locality.aliases)]
        for code in ("CD", "CG"):
            if any(
                code in (self._countries.get(h), REGIONS.get(h), *self._places.countries_of(h))
                for h in hints
            ):
                return NamedCountry(code, "congo")
        return NamedCountry("CD", "congo", ("ambiguous_name",))

    def _historic(self, name: str, inner: list[str], locality: Locality) -> NamedCountry:
        covered = HISTORIC[name]
        hints = [*reversed(inner), *(fold(a) for a in locality.aliases)]
        for hint in hints:
            code = self._countries.get(hint) or REGIONS.get(hint)
            if code in covered:
                return NamedCountry(code, hint, ("historic_name",))
        if name == "rhodesia" and any("broken hill" in hint for hint in hints):
            return NamedCountry("ZM", name, ("historic_name",))
        for hint in hints:
            known = {c: p for c, p in self._places.countries_of(hint).items() if c in covered}
            if known:
                code = max(known, key=lambda c: known[c])
                return NamedCountry(code, hint, ("historic_name", "country_from_place"))
        return NamedCountry(covered[0], name, ("historic_name", "historic_default"))

    def _misspelt(self, name: str) -> NamedCountry:
        if len(name) < _MIN_TYPO_LENGTH:
            return NamedCountry(None)
        close = difflib.get_close_matches(name, self._countries, n=1, cutoff=_TYPO_SIMILARITY)
        if not close:
            return NamedCountry(None)
        return NamedCountry(self._countries[close[0]], close[0], ("misspelt",))

    def _largest_place(self, name: str) -> NamedCountry:
        known = self._places.countries_of(name)
        if not known:
            return NamedCountry(None)
        largest, *rivals = sorted(known, key=lambda c: -known[c])
        clear = not rivals or known[largest] >= OUTWEIGHS * max(known[rivals[0]], 1)
        flags = ("country_from_place",) if clear else ("country_from_place", "ambiguous_name")
        return NamedCountry(largest, name, flags)

    def _territory(self, found: NamedCountry, inner: list[str]) -> NamedCountry:
        for name in reversed(inner):
            code = self._countries.get(name)
            if (code, found.iso_a2) in TERRITORIES:
                return NamedCountry(code, name, (*found.flags, "territory"))
        return found

    @staticmethod
    def _first(candidates: Iterable[NamedCountry]) -> NamedCountry:
        return next((g for g in candidates if g.iso_a2), NamedCountry(None))
