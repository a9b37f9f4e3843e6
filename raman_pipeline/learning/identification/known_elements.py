"""The protocol with known elements: what an analysis by X-rays of each specimen would say.

The queries' elements are those of the specimen's own MEASURED CHEMISTRY (IDEAL CHEMISTRY where it
states none), from sodium on; the library's are those of its specimens. So analyses and formulae
differ as they do in use.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raman_pipeline.learning.identification.filters import HEAVIER, penalties
from raman_pipeline.learning.identification.leave_one_out import HeldOutScores
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import EXCLUDED, by_mineral

_CHUNK = 256


def with_elements(library: MineralLibrary, held_out: HeldOutScores) -> HeldOutScores:
    """Returns the scores with the elements of each query known, and that it holds no others.

    Args:
        library: reference spectra.
        held_out: scores without known elements; they stay where the specimen has no formula.
    """
    parts = []
    for start in range(0, len(held_out.row), _CHUNK):
        rows = held_out.row[start : start + _CHUNK]
        named = library.measured_elements[rows] & HEAVIER
        # Nothing is known of a specimen without a formula.
        stated = library.measured_elements[rows].any(axis=1, keepdims=True)
        added = penalties(library, named, ~named & HEAVIER & stated)
        specimens = held_out.specimens[start : start + _CHUNK] + np.maximum.reduceat(
            added, library.specimen_starts, axis=1
        )
        # What is excluded for two reasons is excluded.
        specimens = np.where(specimens < -1, EXCLUDED, specimens)
        parts.append((specimens, by_mineral(library, specimens)))
    specimens, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    without_mineral = scores.copy()
    without_mineral[np.arange(len(scores)), library.mineral[held_out.row]] = EXCLUDED
    return replace(held_out, specimens=specimens, scores=scores, without_mineral=without_mineral)
