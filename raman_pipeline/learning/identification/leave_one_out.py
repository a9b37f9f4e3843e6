"""The leave-one-specimen-out protocol: scores of spectra without their own specimen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True)
class HeldOutScores:
    """Scores of reference spectra, each without its own specimen.

    Attributes:
        row: index of the queried spectra in the library, int64 [q].
        scores: of minerals, float32 [q, minerals].
        without_mineral: the same with the query's whole mineral excluded.
        specimens: similarities of specimens, float32 [q, specimens].
    """

    row: Indices
    scores: Floats
    without_mineral: Floats
    specimens: Floats

    def subset(self, rows: Indices) -> HeldOutScores:
        """Returns the scores of some of the queries."""
        return HeldOutScores(
            self.row[rows], self.scores[rows], self.without_mineral[rows], self.specimens[rows]
        )


def multi_specimen_minerals(library: MineralLibrary) -> npt.NDArray[np.bool_]:
    """Returns which minerals have at least two specimens, bool [minerals]."""
    return np.bincount(library.specimen_mineral, minlength=len(library.minerals)) >= 2


def multi_specimen_spectra(library: MineralLibrary) -> Indices:
    """Returns the indices of the spectra of multi-specimen minerals."""
    return np.flatnonzero(multi_specimen_minerals(library)[library.mineral])


def can_be_evaluated(library: MineralLibrary) -> bool:
    """Returns whether there are enough multi-specimen minerals to fit and evaluate in folds."""
    return int(multi_specimen_minerals(library).sum()) >= FOLDS


def leave_one_specimen_out(library: MineralLibrary, rows: Indices | None = None) -> HeldOutScores:
    """Searches for spectra of a library without their own specimens.

    Args:
        library: reference spectra and queries.
        rows: indices of the queries, int64 [q]; by default those of `multi_specimen_spectra`.

    Raises:
        ValueError: by default, if there are fewer than five multi-specimen minerals.
    """
    if rows is None:
        if not can_be_evaluated(library):
            raise ValueError(
                f"{multi_specimen_minerals(library).sum()} minerals have two specimens; at least "
                f"{FOLDS} are needed to fit and to evaluate"
            )
        rows = multi_specimen_spectra(library)
    parts = list(_held_out(library, rows))
    return HeldOutScores(rows, *(np.concatenate([p[i] for p in parts]) for i in range(3)))


def _held_out(library: MineralLibrary, rows: Indices) -> Iterator[tuple[Floats, Floats, Floats]]:
    # A specimen that is filed under two minerals is excluded under both.
    ids = np.unique(np.array(library.specimens), return_inverse=True)[1]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        specimens = by_specimen(
            library, search(library, library.derivatives[chunk], library.valid[chunk])
        )
        specimens[ids[library.specimen[chunk]][:, None] == ids[None, :]] = EXCLUDED
        scores = by_mineral(library, specimens)
        without_mineral = scores.copy()
        without_mineral[np.arange(len(chunk)), library.mineral[chunk]] = EXCLUDED
        yield scores, without_mineral, specimens
