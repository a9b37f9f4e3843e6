"""The leave-one-specimen-out protocol: scores of spectra without their own specimen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import (
    EXCLUDED,
    by_mineral,
    by_specimen,
    search,
)

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
FOLDS = 5
"""Folds of minerals in which calibrations are cross-fitted."""
_CHUNK = 256


class HeldOutQueries(NamedTuple):
    """Spectra to search for: those of the library, or changed copies of them.

    Attributes:
        row: index of the spectrum in the library, int64 [q].
        derivatives: float32 [q, m].
        valid: bool [q, m].
        attenuation: by noise, float64 [q] (see `preparation.attenuation`).
        mineral: whether the mineral is still in it, bool [q].
    """

    row: Indices
    derivatives: Floats
    valid: npt.NDArray[np.bool_]
    attenuation: npt.NDArray[np.float64]
    mineral: npt.NDArray[np.bool_]

    @classmethod
    def of_library(cls, library: MineralLibrary, rows: Indices) -> HeldOutQueries:
        """Returns spectra of the library as they are."""
        number = len(rows)
        return cls(
            rows,
            library.derivatives[rows],
            library.valid[rows],
            np.ones(number),
            np.ones(number, dtype=bool),
        )


@dataclass(frozen=True)
class HeldOutScores:
    """Scores of reference spectra, each without its own specimen.

    Attributes:
        row: index of the queried spectra in the library, int64 [q].
        scores: of minerals, float32 [q, minerals].
        without_mineral: the same with the query's whole mineral excluded.
        specimens: similarities of specimens, float32 [q, specimens].
        attenuation: by noise, float64 [q].
        points: number of points that are compared, float64 [q].
        mineral: whether the mineral is in the query, bool [q].
    """

    row: Indices
    scores: Floats
    without_mineral: Floats
    specimens: Floats
    attenuation: npt.NDArray[np.float64]
    points: npt.NDArray[np.float64]
    mineral: npt.NDArray[np.bool_]

    def subset(self, rows: Indices | npt.NDArray[np.bool_]) -> HeldOutScores:
        """Returns the scores of some of the queries."""
        return HeldOutScores(*(getattr(self, f.name)[rows] for f in fields(self)))

    def joined(self, other: HeldOutScores) -> HeldOutScores:
        """Returns the scores of these and of other queries."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return HeldOutScores(*(np.concatenate(pair) for pair in pairs))


def multi_specimen_minerals(library: MineralLibrary) -> npt.NDArray[np.bool_]:
    """Returns which minerals have at least two specimens, bool [minerals]."""
    return np.bincount(library.specimen_mineral, minlength=len(library.minerals)) >= 2


def multi_specimen_spectra(library: MineralLibrary) -> Indices:
    """Returns the indices of the spectra of multi-specimen minerals."""
    return np.flatnonzero(multi_specimen_minerals(library)[library.mineral])


def can_be_evaluated(library: MineralLibrary) -> bool:
    """Returns whether there are enough multi-specimen minerals to fit and evaluate in folds."""
    return int(multi_specimen_minerals(library).sum()) >= FOLDS


def leave_one_specimen_out(
    library: MineralLibrary, queries: HeldOutQueries | None = None
) -> HeldOutScores:
    """Searches for spectra of a library without their own specimens.

    Args:
        library: reference spectra.
        queries: by default the spectra of `multi_specimen_spectra` as they are.

    Raises:
        ValueError: by default, if there are fewer than five multi-specimen minerals.
    """
    if queries is None:
        if not can_be_evaluated(library):
            raise ValueError(
                f"{multi_specimen_minerals(library).sum()} minerals have two specimens; at least "
                f"{FOLDS} are needed to fit and to evaluate"
            )
        queries = HeldOutQueries.of_library(library, multi_specimen_spectra(library))
    parts = list(_held_out(library, queries))
    scores, without_mineral, specimens = (np.concatenate([p[i] for p in parts]) for i in range(3))
    points = queries.valid.sum(axis=1).astype(np.float64)
    return HeldOutScores(
        queries.row,
        scores,
        without_mineral,
        specimens,
        queries.attenuation,
        points,
        queries.mineral,
    )


def _held_out(
    library: MineralLibrary, queries: HeldOutQueries
) -> Iterator[tuple[Floats, Floats, Floats]]:
    # A specimen that is filed under two minerals is excluded under both.
    ids = np.unique(np.array(library.specimens), return_inverse=True)[1]
    for start in range(0, len(queries.row), _CHUNK):
        part = slice(start, start + _CHUNK)
        chunk = queries.row[part]
        similarity = search(library, queries.derivatives[part], queries.valid[part])
        specimens = by_specimen(library, similarity)
        specimens[ids[library.specimen[chunk]][:, None] == ids[None, :]] = EXCLUDED
        scores = by_mineral(library, specimens)
        without_mineral = scores.copy()
        without_mineral[np.arange(len(chunk)), library.mineral[chunk]] = EXCLUDED
        yield scores, without_mineral, specimens
