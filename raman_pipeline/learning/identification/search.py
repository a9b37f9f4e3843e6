"""Scores of minerals from similarities of spectra.

A mineral scores as its most similar specimen does, plus a little if a second specimen is nearly as
similar: a single specimen may resemble the query by chance, or carry a wrong name.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.derivatives import masked_norms
from raman_pipeline.learning.identification.library import SEARCH_STEP, MineralLibrary

Floats = npt.NDArray[np.float32]
EXCLUDED = np.float32(-2.0)
"""Similarity of what is excluded from the search."""
_SHIFTS, _PENALTY = (-6, -4, -2, 2, 4, 6), 0.015
"""Shifts, grid points of 1 cm⁻¹, and what each costs per point: most axes are right."""
_SECOND_WEIGHT, _LARGEST_GAP = np.float32(0.1), np.float32(0.15)
"""Weight of the second specimen, and the largest gap to the first that is counted."""


def search(library: MineralLibrary, derivatives: Floats, valid: npt.NDArray[np.bool_]) -> Floats:
    """Returns the similarity with every reference spectrum, float32 [q, n].

    The greatest of the cosines at several shifts of the whole query, less a penalty: axes of
    spectrometers differ by some cm⁻¹.

    Args:
        library: reference spectra.
        derivatives: of the queries, float32 [q, m].
        valid: bool [q, m].
    """
    step = SEARCH_STEP
    # Norms are those without a shift: they hardly change.
    norms = masked_norms(
        derivatives[:, ::step], valid[:, ::step], library.valid_weights, library.squares
    )
    best = (derivatives[:, ::step] @ library.sampled.T) / norms
    for shift in _SHIFTS:
        moved = np.zeros_like(derivatives)
        if shift > 0:
            moved[:, shift:] = derivatives[:, :-shift]
        else:
            moved[:, :shift] = derivatives[:, -shift:]
        cosines = (moved[:, ::step] @ library.sampled.T) / norms
        np.maximum(best, np.minimum(cosines, 1) - np.float32(_PENALTY * abs(shift)), out=best)
    return best


def by_specimen(library: MineralLibrary, similarity: Floats) -> Floats:
    """Returns the greatest similarity with each specimen, [q, specimens]."""
    return np.maximum.reduceat(similarity, library.specimen_starts, axis=1)


def by_mineral(library: MineralLibrary, specimens: Floats) -> Floats:
    """Returns the score of each mineral, [q, minerals]; below −1 for those without specimens.

    Args:
        library: reference spectra.
        specimens: as `by_specimen` returns them, EXCLUDED for those to leave out.
    """
    starts = library.mineral_starts
    first = np.maximum.reduceat(specimens, starts, axis=1)
    others = np.where(specimens == first[:, library.specimen_mineral], EXCLUDED, specimens)
    second = np.maximum.reduceat(others, starts, axis=1)
    return (first + _SECOND_WEIGHT * np.maximum(second, first - _LARGEST_GAP)) / (
        1 + _SECOND_WEIGHT
    )
