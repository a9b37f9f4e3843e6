"""Open-set recognition: spectra of known minerals against spectra of minerals not in the library.

The library is reduced to the multi-specimen minerals. Their spectra are searched for without their
own specimens; all spectra of the other minerals are unknown both to the library and to the
calibration. This is easier than leaving a query's own mineral out of the whole library: there are
fewer minerals to confuse it with, and minerals with one specimen are of rarer kinds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.identification.calibration_fit import fit_calibration
from raman_pipeline.learning.identification.evaluation import baselines
from raman_pipeline.learning.identification.leave_one_out import (
    FOLDS,
    leave_one_specimen_out,
    multi_specimen_minerals,
)
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import EXCLUDED

Floats = npt.NDArray[np.float32]

OPEN_SET = TableSchema(
    "open_set_recognition",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("mineral", pa.string(), "its mineral"),
        Column("unknown", pa.bool_(), "whether the mineral is not in the library"),
        Column("in_library_probability", pa.float64(), "of the mineral", between=(0, 1)),
        Column("best_score", pa.float64(), "score of the best mineral"),
        Column("best_derivative_cosine", pa.float64(), "of first derivatives (baseline)"),
    ),
)


def evaluate_open_set(library: MineralLibrary) -> pa.Table:
    """Returns an OPEN_SET table of all spectra of a library.

    Raises:
        ValueError: as `leave_one_specimen_out` does.
    """
    from sklearn.model_selection import GroupKFold

    multiple = multi_specimen_minerals(library)
    held_out = leave_one_specimen_out(library)
    held_out = replace(
        held_out,
        scores=_among(multiple, held_out.scores),
        without_mineral=_among(multiple, held_out.without_mineral),
    )
    label = library.mineral[held_out.row]
    in_library = np.zeros(len(label))
    for train, test in GroupKFold(FOLDS).split(label, groups=label):
        calibration = fit_calibration(library, held_out.subset(train))
        in_library[test] = calibration.in_library(held_out.scores[test])
    best = held_out.scores.max(axis=1)
    others = np.flatnonzero(~multiple[library.mineral])
    if len(others):
        scores = _among(multiple, leave_one_specimen_out(library, others).scores)
        calibration = fit_calibration(library, held_out)
        in_library = np.concatenate([in_library, calibration.in_library(scores)])
        best = np.concatenate([best, scores.max(axis=1)])
    rows = np.concatenate([held_out.row, others])
    derivative, _ = baselines(library, rows)
    frame = pd.DataFrame(
        {
            "member_id": np.array(library.member_id)[rows],
            "mineral": np.array(library.minerals)[library.mineral[rows]],
            "unknown": np.arange(len(rows)) >= len(label),
            "in_library_probability": in_library,
            "best_score": best,
            "best_derivative_cosine": _among(multiple, derivative).max(axis=1),
        }
    )
    return OPEN_SET.from_frame(frame)


def _among(minerals: npt.NDArray[np.bool_], scores: Floats) -> Floats:
    return np.where(minerals, scores, EXCLUDED)
