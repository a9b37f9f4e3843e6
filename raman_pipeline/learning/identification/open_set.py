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
from raman_pipeline.learning.identification.calibration_fit import fit_calibration, with_disturbed
from raman_pipeline.learning.identification.evaluation import baselines
from raman_pipeline.learning.identification.leave_one_out import (
    FOLDS,
    HeldOutQueries,
    HeldOutScores,
    leave_one_specimen_out,
    multi_specimen_minerals,
)
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import EXCLUDED

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
    everything = _among(multiple, with_disturbed(library, held_out))
    held_out = _among(multiple, held_out)
    label = library.mineral[held_out.row]
    in_library = np.zeros(len(label))
    for train, test in GroupKFold(FOLDS).split(label, groups=label):
        kept = np.isin(library.mineral[everything.row], label[train])
        calibration = fit_calibration(library, everything.subset(kept))
        part = held_out.subset(test)
        in_library[test] = calibration.in_library(part.scores, part.attenuation, part.points)
    best = held_out.scores.max(axis=1)
    others = np.flatnonzero(~multiple[library.mineral])
    if len(others):
        queries = HeldOutQueries.of_library(library, others)
        unknown = _among(multiple, leave_one_specimen_out(library, queries))
        calibration = fit_calibration(library, everything)
        odds = calibration.in_library(unknown.scores, unknown.attenuation, unknown.points)
        in_library = np.concatenate([in_library, odds])
        best = np.concatenate([best, unknown.scores.max(axis=1)])
    rows = np.concatenate([held_out.row, others])
    derivative, _ = baselines(library, rows)
    frame = pd.DataFrame(
        {
            "member_id": np.array(library.member_id)[rows],
            "mineral": np.array(library.minerals)[library.mineral[rows]],
            "unknown": np.arange(len(rows)) >= len(label),
            "in_library_probability": in_library,
            "best_score": best,
            "best_derivative_cosine": derivative[:, multiple].max(axis=1),
        }
    )
    return OPEN_SET.from_frame(frame)


def _among(minerals: npt.NDArray[np.bool_], held_out: HeldOutScores) -> HeldOutScores:
    return replace(
        held_out,
        scores=np.where(minerals, held_out.scores, EXCLUDED),
        without_mineral=np.where(minerals, held_out.without_mineral, EXCLUDED),
    )
