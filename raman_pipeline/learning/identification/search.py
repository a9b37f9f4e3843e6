"""The search: how like each mineral of a library a spectrum is.

What belongs here: scores of minerals from similarities of spectra. What does not: what scores are
worth (see `confidence`).

A mineral scores as its most similar specimen does, and a little more where a second specimen is
nearly as similar: one specimen alone may be like the query by chance or by a wrong name.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.derivatives import similarities
from raman_pipeline.learning.identification.library import MineralLibrary

Floats = npt.NDArray[np.float32]
NOWHERE = np.float32(-2.0)
"""Similarity of what takes no part."""
_SECOND, _BEHIND = np.float32(0.1), np.float32(0.15)
"""Weight of the second specimen, and how far behind the first it counts at least."""


def search(library: MineralLibrary, slopes: Floats, covered: npt.NDArray[np.bool_]) -> Floats:
    """Returns the similarity with every reference spectrum, float32 [q, n].

    Args:
        library: what is searched.
        slopes: of the queries, float32 [q, m].
        covered: bool [q, m].
    """
    return similarities(slopes, covered, library.slopes, library.covered_numbers, library.squares)


def by_specimen(library: MineralLibrary, similarity: Floats) -> Floats:
    """Returns the greatest similarity with each specimen, [q, specimens]."""
    return np.maximum.reduceat(similarity, library.specimen_starts, axis=1)


def by_mineral(library: MineralLibrary, specimens: Floats) -> Floats:
    """Returns the score of each mineral, [q, minerals]; below −1 for those that take no part.

    Args:
        library: what was searched.
        specimens: as `by_specimen` returns it, NOWHERE for those that take no part.
    """
    starts = library.mineral_starts
    first = np.maximum.reduceat(specimens, starts, axis=1)
    others = np.where(specimens == first[:, library.specimen_mineral], NOWHERE, specimens)
    second = np.maximum.reduceat(others, starts, axis=1)
    return (first + _SECOND * np.maximum(second, first - _BEHIND)) / (1 + _SECOND)
