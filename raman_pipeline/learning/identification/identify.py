"""The Python interface of identification.

What belongs here: the identifier. What does not: its results (see `results`), the command (see
`raman_pipeline.cli.identify`), the methods behind each part of a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError

from raman_pipeline import __version__
from raman_pipeline.common.errors import EarlierVersionError
from raman_pipeline.common.storage import StorePath, store_path
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.accepted import fit_out
from raman_pipeline.learning.identification.calibration import (
    Calibration,
    Floats,
    among,
)
from raman_pipeline.learning.identification.countries import (
    CountryModel,
    country_codes,
    country_probabilities,
)
from raman_pipeline.learning.identification.filters import Filters
from raman_pipeline.learning.identification.library import (
    OWN,
    REBUILD,
    LibraryError,
    MineralLibrary,
)
from raman_pipeline.learning.identification.mixtures import Mixture, MixtureSearch
from raman_pipeline.learning.identification.own import OwnLibrary, with_own
from raman_pipeline.learning.identification.query import Query, prepare
from raman_pipeline.learning.identification.results import (
    UNKNOWN_BELOW,
    Identification,
    MineralMatch,
    Nearest,
)
from raman_pipeline.learning.identification.search import (
    EXCLUDED,
    by_mineral,
    by_specimen,
    search,
)
from raman_pipeline.spectra.quality import QualityWarning
from raman_pipeline.spectra.spectrum_files import Spectrum

CITATION = (
    "Lafuente, Downs, Yang & Stone (2015), The power of databases: the RRUFF project, De Gruyter, "
    "1-30, doi:10.1515/9783110417104-003"
)
"""What to cite for the reference spectra."""
RRUFF_PAGE = "https://rruff.info/{rruff_id}"
GOOD_FIT = 0.9
"""Similarity from which one specimen explains a spectrum, and no mixture is searched for."""
LEAST_GAIN = 0.04
"""Of each further mineral of a mixture, in fit; pure spectra seldom gain as much."""


def page_of(library: MineralLibrary, specimen: str) -> str | None:
    """Returns the address of a specimen at RRUFF; None of an own or a simulated one."""
    own = library.simulated or specimen.startswith(OWN)
    return None if own else RRUFF_PAGE.format(rruff_id=specimen)


class _Scored(NamedTuple):
    """What the search finds, of one query or, with one row each, of several.

    Attributes:
        similarity: with reference spectra.
        scores: of minerals.
        in_library: probability that the mineral is in the library.
        probability: of minerals.
        countries: their probabilities.
        whole: similarity with all spectra, those that filters leave out, too.
    """

    similarity: Floats
    scores: Floats
    in_library: Floats
    probability: Floats
    countries: Floats
    whole: Floats


class Identifier:
    """Names minerals from their spectra.

    Example:
        >>> from raman_pipeline.learning.identification.identify import Identifier
        >>> from raman_pipeline.spectra.spectrum_files import read_spectra
        >>> identifier = Identifier.open("data/store/rruff/assets/mineral_library.safetensors")
        >>> found = identifier.identify(read_spectra("quartz.txt"))  # doctest: +SKIP

    Args:
        library: with fitted parameters.
        file: that it was read from.
        filters: what of the library is searched.
        own: spectra of the user that are searched with it.

    Attributes:
        library: the spectra that are searched.
        library_facts: `file`, `version` (hash of the content), `simulated`, the numbers of
            `spectra`, `specimens` and `minerals`, `searched_spectra` and `searched_minerals`
            (those that the filters leave, own ones included), `own` (`version` and numbers of
            `spectra` and `minerals` of the own library; None without one), `citation`.

    Raises:
        LibraryError: the library has no fitted parameters.
        FilterError: see `Filters.rows`.
    """

    def __init__(
        self,
        library: MineralLibrary,
        file: StorePath | None = None,
        filters: Filters | None = None,
        own: OwnLibrary | None = None,
    ) -> None:
        if not library.fitted:
            raise LibraryError(
                "the library has no calibration: too few of its minerals have two specimens; "
                "build it from more archives"
            )
        self.filters = filters or Filters()
        self._given = library, file, own
        given = library
        if own is not None and own.spectra:
            library = with_own(library, own)
        else:
            own = None
        self._whole = whole = library
        self._accepted = self.filters.accepted_rows(whole)
        rows = self.filters.rows(whole)
        self._possible: npt.NDArray[np.bool_] | None = None
        if self.filters.chemical:
            self._possible = self.filters.penalties(whole) > EXCLUDED
            library, rows = whole.subset(self._possible), rows[self._possible]
        self._searched = library
        self._kept = None if rows.all() else rows
        if self._kept is not None:
            library = library.subset(self._kept)
        self.library = library
        self._penalties = by_specimen(library, self.filters.penalties(library)[None])
        self.library_facts = {
            "file": file and str(file),
            "version": given.version,
            "simulated": library.simulated,
            "spectra": len(given),
            "specimens": len(given.specimens),
            "minerals": len(given.minerals),
            "searched_spectra": len(library),
            "searched_minerals": len(library.minerals),
            "own": own
            and {
                "version": own.version,
                "spectra": len(own.spectra),
                "minerals": len(own.minerals),
            },
            "citation": CITATION,
        }
        fitted = "calibration_elements" if self.filters.complete else "calibration"
        self.calibration = Calibration.from_json(library.fitted[fitted])
        self.country_model = CountryModel(**library.fitted["countries"])
        self._codes, _ = country_codes(library)
        self._mixtures: MixtureSearch | None = None

    @classmethod
    def open(
        cls,
        path: str | StorePath,
        filters: Filters | None = None,
        own: StorePath | None = None,
    ) -> Identifier:
        """Reads a library.

        Args:
            path: of the library; also `s3://bucket/…`.
            filters: what of it is searched.
            own: of the own library, which need not exist; none if None.

        Raises:
            LibraryError: the file is missing, of another version, or not a library.
            OwnLibraryError: see `OwnLibrary.read`.
            FilterError: see `Filters.rows`.
        """
        path = store_path(path)
        if path.is_dir():
            raise LibraryError(f"{path}: is a folder; name the file of a library, or --profile")
        if not path.exists():
            raise LibraryError(
                f"{path}: there is no mineral library; build it with `raman-pipeline build-library "
                "--profile rruff` (or the profile that you name)"
            )
        spectra = None if own is None else OwnLibrary.read(own)
        try:
            library = MineralLibrary.from_state(ModelState.read(path))
            return cls(library, path, filters, spectra)
        except LibraryError as error:
            raise LibraryError(f"{path}: {error}") from error
        except EarlierVersionError as error:
            raise LibraryError(
                f"{path}: is no mineral library, or of an earlier version of raman_pipeline; "
                f"{REBUILD}"
            ) from error
        except (KeyError, ValueError, OSError, SafetensorError) as error:
            raise LibraryError(
                f"{path}: is not a complete mineral library of this version ({error}); {REBUILD}"
            ) from error

    def with_filters(self, filters: Filters) -> Identifier:
        """Returns an identifier of the same spectra with other filters."""
        library, file, own = self._given
        return Identifier(library, file, filters, own)

    def identify(
        self,
        spectra: Sequence[Spectrum],
        baseline: str = "none",
        top: int = 5,
        components: int = 2,
        always_mixtures: bool = False,
    ) -> list[Identification]:
        """Names the minerals of spectra.

        Args:
            spectra: as `read_spectra` returns them.
            baseline: algorithm that corrects the baseline first; of `spectra.baseline.BASELINES`.
            top: number of minerals and of countries to return.
            components: of mixtures, 2 or 3; 0 if none are to be searched for.
            always_mixtures: also search for mixtures if one specimen explains the spectrum.

        Raises:
            QueryError: a spectrum cannot be searched for.
        """
        return self.identify_queries(
            [prepare(s, self.library.grid, baseline) for s in spectra],
            top,
            components,
            always_mixtures,
        )

    def identify_queries(
        self,
        queries: Sequence[Query],
        top: int = 5,
        components: int = 2,
        always_mixtures: bool = False,
    ) -> list[Identification]:
        """Names the minerals of prepared spectra; see `identify`."""
        if not queries:
            return []
        accepted = [fit_out(self._whole, q, self._accepted) for q in queries if self._accepted]
        queries = [one.rest for one in accepted] or queries
        scored = self._scored(queries)
        settings = {
            **self.filters.as_json(),
            "top": top,
            "components": components,
            "mixtures": always_mixtures,
            "raman_pipeline": __version__,
        }
        found = []
        for number, query in enumerate(queries):
            one = _Scored(*(part[number] for part in scored))
            query = replace(query, warnings=(*query.warnings, *self._ruled_out(query, one)))
            mixtures: list[Mixture] = []
            if components and (always_mixtures or float(one.similarity.max()) < GOOD_FIT):
                mixtures = self._mixture_search().find(query, one.similarity, components)
            if not always_mixtures:
                least = float(one.similarity.max()) + LEAST_GAIN * (components - 1)
                mixtures = [mixture for mixture in mixtures if mixture.fit >= least]
            found.append(
                Identification(
                    query,
                    tuple(
                        self._mineral(int(m), float(one.probability[m]), one.similarity)
                        for m in np.argsort(-one.scores)[:top]
                    ),
                    float(one.in_library),
                    tuple(mixtures),
                    tuple(
                        (self._codes[c], float(one.countries[c]))
                        for c in np.argsort(-one.countries)[:top]
                    ),
                    self.library_facts,
                    {**query.settings, **settings},
                    accepted[number] if accepted else None,
                )
            )
        return found

    def _scored(self, queries: Sequence[Query]) -> _Scored:
        """Returns what the search finds for all queries at once."""
        library = self.library
        derivatives = np.stack([q.derivatives for q in queries])
        whole = search(self._whole, derivatives, np.stack([q.valid for q in queries]))
        everything = whole if self._possible is None else whole[:, self._possible]
        similarity = everything if self._kept is None else everything[:, self._kept]
        specimens = by_specimen(library, similarity) + self._penalties
        scores = by_mineral(library, specimens)
        in_library, conditional = self._probabilities(
            everything,
            scores,
            np.array([q.attenuation for q in queries]),
            np.array([float(q.valid.sum()) for q in queries]),
        )
        countries = (
            country_probabilities(library, self.country_model, specimens)
            if self._codes
            else np.zeros((len(queries), 0))
        )
        probability = conditional * in_library[:, None]
        return _Scored(similarity, scores, in_library, probability, countries, whole)

    def _ruled_out(self, query: Query, found: _Scored) -> Iterator[QualityWarning]:
        """Yields a warning if another mineral were first, and known, without the filters."""
        if replace(self.filters, accept=()) == Filters():
            return
        library = self._whole
        scores = by_mineral(library, by_specimen(library, found.whole[None]))
        scores[:, [library.mineral[rows[0]] for rows in self._accepted]] = EXCLUDED
        first, attenuation = int(scores[0].argmax()), np.array([query.attenuation])
        calibration = Calibration.from_json(library.fitted["calibration"])
        points = np.array([float(query.valid.sum())])
        in_library = float(calibration.in_library(scores, attenuation, points)[0])
        name = library.minerals[first]
        if in_library < UNKNOWN_BELOW or name == self.library.minerals[found.scores.argmax()]:
            return
        probability = in_library * float(calibration.conditional(scores, attenuation)[0, first])
        similarity = found.whole[library.mineral == first].max()
        text = f"probability {probability:.0%}, similarity {similarity:.3f}"
        yield QualityWarning("filters", f"without the filters {name} would be first: {text}")

    def _probabilities(
        self, everything: Floats, scores: Floats, attenuation: Floats, points: Floats
    ) -> tuple[Floats, Floats]:
        """Returns that the mineral is in the library [q], and if so which [q, minerals].

        The calibration knows scores of a whole library: of few minerals that are left, the best
        leads by much, whatever it is. So those that a filter leaves out count, too.
        """
        kept, library = self._kept, self._searched
        if kept is not None:
            left = np.zeros(len(library.minerals), dtype=bool)
            left[library.mineral[kept]] = True
            penalties = by_specimen(library, self.filters.penalties(library)[None])
            beside = by_mineral(library, by_specimen(library, everything) + penalties)
            beside[:, left] = scores
            scores = beside
        in_library = self.calibration.in_library(scores, attenuation, points)
        conditional = self.calibration.conditional(scores, attenuation)
        return (in_library, conditional) if kept is None else among(in_library, conditional, left)

    def _mixture_search(self) -> MixtureSearch:
        if self._mixtures is None:
            self._mixtures = MixtureSearch(self.library)
        return self._mixtures

    def _mineral(
        self, mineral: int, probability: float, similarity: np.ndarray, specimens: int = 3
    ) -> MineralMatch:
        library = self.library
        first, last = np.searchsorted(library.mineral, [mineral, mineral + 1])
        rows = first + np.argsort(-similarity[first:last])
        nearest: dict[int, Nearest] = {}
        for row in rows:
            specimen = int(library.specimen[row])
            if specimen in nearest:
                continue
            rruff_id = library.specimens[specimen]
            nearest[specimen] = Nearest(
                rruff_id,
                library.member_id[row],
                int(row),
                float(similarity[row]),
                library.other_names[specimen],
                page_of(library, rruff_id),
            )
            if len(nearest) == specimens:
                break
        return MineralMatch(library.minerals[mineral], probability, tuple(nearest.values()))
