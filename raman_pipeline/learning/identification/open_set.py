"""Whether minerals that a library lacks are told from those that it holds.

What belongs here: queries of minerals with one specimen, asked of a library of the others. What
does not: queries whose own mineral is left out (see `judgement`).

The library is that of the minerals with at least two specimens. Each of their spectra is asked
without its own specimen, as are all spectra of the other minerals, which no part of the library or
of the fit has seen. Easier than leaving a query's own mineral out of all that there are: there are
fewer minerals to be taken for, and those with one specimen are rarer kinds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.model_selection import GroupKFold

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.identification.calibrating import (
    FOLDS,
    fit_confidence,
    leave_out,
    left_out,
    repeated_minerals,
)
from raman_pipeline.learning.identification.evaluation import baselines
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import NOWHERE

Floats = npt.NDArray[np.float32]

ABSENCE = TableSchema(
    "open_set_recognition",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("mineral", pa.string(), "its name"),
        Column("absent", pa.bool_(), "whether the library lacks the mineral"),
        Column("known", pa.float64(), "chance that it is in the library", between=(0, 1)),
        Column("best_similarity", pa.float64(), "best score"),
        Column("best_slopes", pa.float64(), "best cosine of slopes of roots (baseline)"),
    ),
)


def judge_absent(library: MineralLibrary) -> pa.Table:
    """Returns an ABSENCE table of all spectra of a library.

    Raises:
        ValueError: as `left_out` does.
    """
    held = repeated_minerals(library)
    answers = left_out(library)
    answers = replace(
        answers, known=_among(held, answers.known), unknown=_among(held, answers.unknown)
    )
    others = np.flatnonzero(~held[library.mineral])
    label = library.mineral[answers.row]
    known = np.zeros(len(label))
    for train, test in GroupKFold(FOLDS).split(label, groups=label):
        confidence = fit_confidence(library, answers.some(train))
        known[test] = confidence.known(answers.known[test])
    best, chance = answers.known.max(axis=1), known
    if len(others):
        scores = _among(held, leave_out(library, others).known)
        best = np.concatenate([best, scores.max(axis=1)])
        chance = np.concatenate([chance, fit_confidence(library, answers).known(scores)])
    rows = np.concatenate([answers.row, others])
    slopes, _ = baselines(library, rows)
    frame = pd.DataFrame(
        {
            "member_id": np.array(library.member_id)[rows],
            "mineral": np.array(library.minerals)[library.mineral[rows]],
            "absent": np.arange(len(rows)) >= len(label),
            "known": chance,
            "best_similarity": best,
            "best_slopes": _among(held, slopes).max(axis=1),
        }
    )
    return ABSENCE.from_frame(frame)


def _among(minerals: npt.NDArray[np.bool_], scores: Floats) -> Floats:
    return np.where(minerals, scores, NOWHERE)
