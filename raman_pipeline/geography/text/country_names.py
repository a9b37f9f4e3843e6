"""The country that a locality text names, resolved from its right end.

What belongs here: matching names to ISO 3166-1 codes. What does not: coordinates
and polygons (see `gazetteer`, `countries`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from raman_pipeline.geography.text.locality import Locality, fold
from raman_pipeline.geography.text.name_lists import (
    COUNTRY_ALIASES,
    DRAWN_WITH,
    HISTORIC,
    REGIONS,
    TERRITORIES,
    VAGUE,
)

_COUNTY = re.compile(r"\b(?:county|co|parish)\.?$", re.IGNORECASE)
_TYPO_SIMILARITY = 0.84
_MIN_TYPO_LENGTH = 6


class PlaceIndex(Protocol):
    """What this module asks of a gazetteer."""

    def countries_of(self, name: str) -> dict[str, int]:
        """Returns ISO code to population of the largest place of this (folded) name."""
        ...


@dataclass(frozen=True)
class CountryGuess:
    """A country read from text.

    Attributes:
        iso_a2: ISO 3166-1 alpha-2 code; None where the text names none.
        matched: the name that decided.
        flags: how it was decided, where that was not by a plain country name.
    """

    iso_a2: str | None
    matched: str = ""
    flags: tuple[str, ...] = ()


class CountryNames:
    """Names of all countries and of regions that stand for one.

    Args:
        countries: ISO code and name of every country.
        states: name of every state of the US.
        places: a gazetteer, asked where names alone do not decide.
    """

    def __init__(
        self,
        countries: Iterable[tuple[str, str]],
        states: Iterable[str],
        places: PlaceIndex,
    ) -> None:
        self._places = places
        self._countries = {fold(name): DRAWN_WITH.get(code, code) for code, name in countries}
        for code, names in COUNTRY_ALIASES.items():
            self._countries |= dict.fromkeys(names, code)
        self._states = {fold(name) for name in states}
        self._regions = {name: code for code, names in REGIONS.items() for name in names}

    def resolve(self, locality: Locality) -> CountryGuess:
        """Returns the country of a locality.

        The segments are read from the right. In each: a country's name, a historic
        name that covers several (decided by what stands further left), a region or a
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
            guess = self._segment(segment, inner, locality)
            if guess.iso_a2:
                return self._territory(guess, inner)
        guess = self._first(self._exact(a, segments, locality) for a in aliases)
        if guess.iso_a2:
            return guess
        guess = self._first(self._misspelt(s) for s in reversed(segments))
        if guess.iso_a2 or segments[-1] in VAGUE:
            return guess
        return self._first(self._largest_place(s) for s in reversed(segments))

    def is_region(self, segment: str) -> bool:
        """Tells whether a segment is the name of a country, a state or a region."""
        name = fold(segment)
        known = (self._countries, self._states, self._regions, HISTORIC, VAGUE)
        return any(name in names for names in known)

    def _segment(self, segment: str, inner: list[str], locality: Locality) -> CountryGuess:
        guess = self._exact(segment, inner, locality)
        if guess.iso_a2 or segment in VAGUE:
            return guess
        words = segment.split()
        for start in range(1, len(words)):
            guess = self._exact(
                " ".join(words[start:]), [*inner, " ".join(words[:start])], locality
            )
            if guess.iso_a2:
                return CountryGuess(
                    guess.iso_a2, guess.matched, ("country_in_segment", *guess.flags)
                )
        if words:
            first = self._exact(words[0], inner, locality)
            if first.iso_a2 and len(words) == 2 and self._misspelt(words[1]).iso_a2:
                return CountryGuess(first.iso_a2, first.matched, ("two_countries",))
        return CountryGuess(None)

    def _exact(self, name: str, inner: list[str], locality: Locality) -> CountryGuess:
        name = name.removeprefix("the ")
        if name == "georgia":
            return self._georgia(inner, locality)
        if name in HISTORIC:
            return self._historic(name, inner, locality)
        if name in self._countries:
            return CountryGuess(self._countries[name], name)
        if name in self._states:
            return CountryGuess("US", name, ("from_region",))
        if name in self._regions:
            return CountryGuess(self._regions[name], name, ("from_region",))
        return CountryGuess(None)

    def _georgia(self, inner: list[str], locality: Locality) -> CountryGuess:
        # The state has counties; the country has none.
        if any(_COUNTY.search(s) for s in locality.segments):
            return CountryGuess("US", "georgia", ("from_region",))
        towns = [self._places.countries_of(name) for name in inner]
        if any("US" in t for t in towns) and not any("GE" in t for t in towns):
            return CountryGuess("US", "georgia", ("from_region", "country_from_place"))
        return CountryGuess("GE", "georgia", ("ambiguous_name",))

    def _historic(self, name: str, inner: list[str], locality: Locality) -> CountryGuess:
        covered = HISTORIC[name]
        hints = [*reversed(inner), *(fold(a) for a in locality.aliases)]
        for hint in hints:
            code = self._countries.get(hint) or self._regions.get(hint)
            if code in covered:
                return CountryGuess(code, hint, ("historic_name",))
        if name == "rhodesia" and any("broken hill" in hint for hint in hints):
            return CountryGuess("ZM", name, ("historic_name",))
        for hint in hints:
            known = {c: p for c, p in self._places.countries_of(hint).items() if c in covered}
            if known:
                code = max(known, key=lambda c: known[c])
                return CountryGuess(code, hint, ("historic_name", "country_from_place"))
        return CountryGuess(covered[0], name, ("historic_name", "historic_default"))

    def _misspelt(self, name: str) -> CountryGuess:
        if len(name) < _MIN_TYPO_LENGTH:
            return CountryGuess(None)
        close = difflib.get_close_matches(name, self._countries, n=1, cutoff=_TYPO_SIMILARITY)
        if not close:
            return CountryGuess(None)
        return CountryGuess(self._countries[close[0]], close[0], ("misspelt",))

    def _largest_place(self, name: str) -> CountryGuess:
        known = self._places.countries_of(name)
        if not known:
            return CountryGuess(None)
        return CountryGuess(max(known, key=lambda c: known[c]), name, ("country_from_place",))

    def _territory(self, guess: CountryGuess, inner: list[str]) -> CountryGuess:
        for name in reversed(inner):
            code = self._countries.get(name)
            if code in TERRITORIES.get(guess.iso_a2 or "", ()):
                return CountryGuess(code, name, (*guess.flags, "territory"))
        return guess

    @staticmethod
    def _first(guesses: Iterable[CountryGuess]) -> CountryGuess:
        return next((g for g in guesses if g.iso_a2), CountryGuess(None))
