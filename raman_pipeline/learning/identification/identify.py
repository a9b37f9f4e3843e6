"""Identification as a person uses it: a library, a spectrum, an answer.

What belongs here: the Python interface, and the answer as plain data. What does not: the command
(see `raman_pipeline.cli.identify`), how each part of the answer comes about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.confidence import Confidence
from raman_pipeline.learning.identification.countries import (
    CAVEAT,
    CountryGuess,
    country_codes,
    country_probabilities,
)
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.mixtures import Mixture, MixtureSearch
from raman_pipeline.learning.identification.query import Query, prepare
from raman_pipeline.learning.identification.search import by_mineral, by_specimen, search
from raman_pipeline.spectra.spectrum_files import Spectrum

RRUFF_PAGE = "https://rruff.info/{rruff_id}"
UNKNOWN_BELOW = 0.5
"""Chance that the mineral is in the library below which a spectrum is called unknown."""
GOOD_FIT = 0.9
"""Similarity from which on one specimen explains a spectrum, and no mixture is looked for."""


class LibraryError(InputError):
    """There is no library to search, or it cannot be used."""


@dataclass(frozen=True)
class Nearest:
    """A reference spectrum near a query: its specimen, its row in the library, the cosine."""

    rruff_id: str
    member_id: str
    row: int
    similarity: float

    @property
    def url(self) -> str:
        """The specimen's page at RRUFF."""
        return RRUFF_PAGE.format(rruff_id=self.rruff_id)


@dataclass(frozen=True)
class MineralAnswer:
    """A mineral, the chance that the spectrum is of it, and its nearest specimens."""

    name: str
    score: float
    nearest: tuple[Nearest, ...]


@dataclass(frozen=True)
class Answer:
    """All that is said of a spectrum.

    Attributes:
        query: the spectrum as it was searched for.
        minerals: likeliest first.
        known: chance that the mineral is in the library.
        mixtures: sets of minerals that may make it up; empty where one specimen explains it.
        countries: ISO 3166 code and chance, likeliest first.
    """

    query: Query
    minerals: tuple[MineralAnswer, ...]
    known: float
    mixtures: tuple[Mixture, ...]
    countries: tuple[tuple[str, float], ...]

    @property
    def caveat(self) -> str:
        """What must stand beside the countries."""
        return CAVEAT

    @property
    def unknown(self) -> bool:
        """Whether the mineral is rather not in the library."""
        return self.known < UNKNOWN_BELOW

    def as_json(self) -> dict[str, Any]:
        """Returns plain data, as `raman-pipeline identify --json` prints it."""
        return {
            "file": self.query.name,
            "minerals": [
                {
                    "name": mineral.name,
                    "score": round(mineral.score, 4),
                    "nearest": [
                        {
                            "rruff_id": near.rruff_id,
                            "url": near.url,
                            "similarity": round(near.similarity, 4),
                        }
                        for near in mineral.nearest
                    ],
                }
                for mineral in self.minerals
            ],
            "mixture": [
                {
                    "fit": round(mixture.fit, 4),
                    "components": [
                        {"name": c.mineral, "rruff_id": c.specimen, "share": round(c.share, 3)}
                        for c in mixture.components
                    ],
                }
                for mixture in self.mixtures
            ],
            "countries": [
                {"iso_a2": code, "probability": round(chance, 4)} for code, chance in self.countries
            ],
            "unknown": self.unknown,
            "known_probability": round(self.known, 4),
            "preprocessing": list(self.query.preprocessing),
            "caveat": CAVEAT,
        }


class Identifier:
    """Names minerals from their spectra.

    Example:
        >>> from raman_pipeline.learning.identification.identify import Identifier
        >>> from raman_pipeline.spectra.spectrum_files import read_spectra
        >>> identifier = Identifier.open("data/store/rruff/assets/mineral_library.safetensors")
        >>> answers = identifier.identify(read_spectra("quartz.txt"))  # doctest: +SKIP

    Args:
        library: with its confidence fitted.

    Raises:
        LibraryError: the library was not fitted.
    """

    def __init__(self, library: MineralLibrary) -> None:
        if not library.fitted:
            raise LibraryError(
                "the library cannot say how sure it is: too few of its minerals have two "
                "specimens; make it from more archives"
            )
        self.library = library
        self.confidence = Confidence.of(library.fitted["confidence"])
        self.guess = CountryGuess(**library.fitted["countries"])
        self._codes, _ = country_codes(library)
        self._mixtures: MixtureSearch | None = None

    @classmethod
    def open(cls, path: str | Path) -> Identifier:
        """Reads a library.

        Raises:
            LibraryError: the file is missing or is no library.
        """
        if not Path(path).exists():
            raise LibraryError(
                f"{path}: there is no mineral library; make it with `raman-pipeline build-library`"
            )
        try:
            return cls(MineralLibrary.from_state(ModelState.read(Path(path))))
        except (KeyError, ValueError, OSError, SafetensorError) as error:
            raise LibraryError(
                f"{path}: is no whole mineral library ({error!r}); make it again with "
                "`raman-pipeline build-library`"
            ) from error

    def identify(
        self,
        spectra: Sequence[Spectrum],
        background: str = "none",
        top: int = 5,
        components: int = 2,
        always_mixtures: bool = False,
    ) -> list[Answer]:
        """Names the minerals of spectra.

        Args:
            spectra: as `read_spectra` returns them.
            background: how to remove it first; one of `BASELINES`.
            top: how many minerals, specimens and countries to name.
            components: of mixtures, 2 or 3.
            always_mixtures: looks for mixtures where one specimen explains the spectrum, too.

        Raises:
            QueryError: a spectrum cannot be searched for.
        """
        return self.answer(
            [prepare(s, self.library.grid, background) for s in spectra],
            top,
            components,
            always_mixtures,
        )

    def answer(
        self,
        queries: Sequence[Query],
        top: int = 5,
        components: int = 2,
        always_mixtures: bool = False,
    ) -> list[Answer]:
        """Names the minerals of spectra that are on the grid already; see `identify`."""
        if not queries:
            return []
        library = self.library
        similarity = search(
            library, np.stack([q.slopes for q in queries]), np.stack([q.covered for q in queries])
        )
        specimens = by_specimen(library, similarity)
        scores = by_mineral(library, specimens)
        known, chances = self.confidence.known(scores), self.confidence.probabilities(scores)
        places = (
            country_probabilities(library, self.guess, specimens)
            if self._codes
            else np.zeros((len(queries), 0))
        )
        answers = []
        for i, query in enumerate(queries):
            explained = float(similarity[i].max()) >= GOOD_FIT
            mixtures: list[Mixture] = []
            if always_mixtures or not explained:
                mixtures = self._mixture_search().find(query, similarity[i], components)
            order = np.argsort(-places[i])[:top]
            answers.append(
                Answer(
                    query,
                    tuple(
                        self._mineral(int(m), float(chances[i, m]), similarity[i])
                        for m in np.argsort(-scores[i])[:top]
                    ),
                    float(known[i]),
                    tuple(mixtures),
                    tuple((self._codes[c], float(places[i, c])) for c in order),
                )
            )
        return answers

    def _mixture_search(self) -> MixtureSearch:
        if self._mixtures is None:
            self._mixtures = MixtureSearch(self.library)
        return self._mixtures

    def _mineral(
        self, mineral: int, score: float, similarity: np.ndarray, specimens: int = 3
    ) -> MineralAnswer:
        library = self.library
        first, last = np.searchsorted(library.mineral, [mineral, mineral + 1])
        rows = first + np.argsort(-similarity[first:last])
        nearest: dict[int, Nearest] = {}
        for row in rows:
            specimen = int(library.specimen[row])
            nearest.setdefault(
                specimen,
                Nearest(
                    library.specimens[specimen],
                    library.member_id[row],
                    int(row),
                    float(similarity[row]),
                ),
            )
        return MineralAnswer(
            library.minerals[mineral], score, tuple(list(nearest.values())[:specimens])
        )
