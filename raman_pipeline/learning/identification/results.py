"""What is found out about one spectrum, and the same as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raman_pipeline.learning.identification.accepted import Accepted
from raman_pipeline.learning.identification.countries import CAVEAT
from raman_pipeline.learning.identification.library import OWN
from raman_pipeline.learning.identification.mixtures import Mixture
from raman_pipeline.learning.identification.query import Query

UNKNOWN_BELOW = 0.5
"""Probability of being in the library below which a mineral is called unknown."""


@dataclass(frozen=True)
class Nearest:
    """A reference spectrum near a query.

    Attributes:
        rruff_id: of its specimen.
        member_id: its own id.
        row: in the library.
        similarity: cosine, less a penalty for the shift of the axis.
        also_named: other names under which RRUFF files spectra of this specimen.
        url: the specimen's page at RRUFF; None in a simulated library and of an own spectrum.
    """

    rruff_id: str
    member_id: str
    row: int
    similarity: float
    also_named: tuple[str, ...]
    url: str | None

    @property
    def source(self) -> str:
        """`own` of a spectrum of the own library, else `RRUFF`."""
        return "own" if self.member_id.startswith(OWN) else "RRUFF"


@dataclass(frozen=True)
class MineralMatch:
    """A mineral, its probability, and its nearest specimens."""

    name: str
    probability: float
    nearest: tuple[Nearest, ...]


@dataclass(frozen=True)
class Identification:
    """The result for one spectrum.

    Attributes:
        query: the prepared spectrum; if minerals were accepted, what they leave of it.
        minerals: most probable first.
        in_library: probability that the mineral is in the library.
        mixtures: sets of minerals that may make it up; empty if one specimen explains it.
        countries: ISO 3166 code and probability, most probable first.
        library: what it was compared with (see `Identifier.library_facts`).
        settings: everything that the user chose, and the version of raman_pipeline.
        accepted: minerals that the user accepted, and what they leave; None if none were.
    """

    query: Query
    minerals: tuple[MineralMatch, ...]
    in_library: float
    mixtures: tuple[Mixture, ...]
    countries: tuple[tuple[str, float], ...]
    library: Mapping[str, Any]
    settings: Mapping[str, Any]
    accepted: Accepted | None = None

    @property
    def unknown(self) -> bool:
        """Whether the mineral is probably not in the library."""
        return self.in_library < UNKNOWN_BELOW

    def as_json(self) -> dict[str, Any]:
        """Returns plain data, as `raman-pipeline identify --json` prints it."""
        return {
            "file": self.query.name,
            "read": self.query.read,
            "library": dict(self.library),
            "settings": dict(self.settings),
            "accepted": self.accepted and self.accepted.as_json(),
            "minerals": [
                {
                    "name": mineral.name,
                    "probability": round(mineral.probability, 4),
                    "nearest": [
                        {
                            "rruff_id": near.rruff_id,
                            "id": near.member_id,
                            "source": near.source,
                            "url": near.url,
                            "similarity": round(near.similarity, 4),
                            "also_named": list(near.also_named),
                        }
                        for near in mineral.nearest
                    ],
                }
                for mineral in self.minerals
            ],
            "mixtures": [
                {
                    "fit": round(mixture.fit, 4),
                    "components": [
                        {
                            "name": c.mineral,
                            "rruff_id": c.specimen,
                            "fraction": round(c.fraction, 3),
                        }
                        for c in mixture.components
                    ],
                }
                for mixture in self.mixtures
            ],
            "countries": [
                {"iso_a2": code, "probability": round(p, 4)} for code, p in self.countries
            ],
            "unknown": self.unknown,
            "in_library_probability": round(self.in_library, 4),
            "warnings": [warning._asdict() for warning in self.query.warnings],
            "preprocessing": list(self.query.preprocessing),
            "countries_caveat": CAVEAT,
        }
