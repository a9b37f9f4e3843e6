"""What a geocoder is asked, what it answers, and the interface that all share.

What belongs here: the common terms. What does not: any one geocoder (see `gazetteer`,
`services`), the choice between answers (see `constrained`, `paper_strategy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

LEVELS = ("place", "admin2", "admin1", "country", "none")
"""What was located, finest first: a place, a division of the second or the first level,
a country, nothing."""


@dataclass(frozen=True)
class Question:
    """A question to a geocoder.

    Attributes:
        text: a name, or names from the most local to the widest with commas between.
        iso_a2: ISO 3166-1 alpha-2 code of the country to stay in; None for the world.
        box: south, west, north, east in degrees: the country's bounds, for services
            that know no country filter.
    """

    text: str
    iso_a2: str | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Candidate:
    """A place that a geocoder offers.

    Attributes:
        source: name of the geocoder.
        name: the place's own name.
        kind: what it is, in the geocoder's words ("town", "natural=peak").
        level: one of LEVELS; `none` for what is no place (streets, shops).
        iso_a2: its country by the geocoder; None where it does not say.
        latitude: degrees north, WGS 84.
        longitude: degrees east, WGS 84.
        coordinate_uncertainty_km: what the point stands for reaches this far.
        population: inhabitants, 0 where unknown.
        fuzzy: True where the geocoder also offers names that are only alike.
    """

    source: str
    name: str
    kind: str
    level: str
    iso_a2: str | None
    latitude: float
    longitude: float
    coordinate_uncertainty_km: float
    population: int = 0
    fuzzy: bool = False


class Geocoder(Protocol):
    """Anything that answers questions with candidates, best first."""

    @property
    def source(self) -> str:
        """Its name."""
        ...

    @property
    def family(self) -> str:
        """Whose data it reads: two geocoders of one family are one witness."""
        ...

    def find(self, question: Question) -> list[Candidate]:
        """Returns candidates; raises GeocoderError where it could not answer."""
        ...
