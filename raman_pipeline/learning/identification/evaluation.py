"""Evaluation of identification on specimens that are left out of the library.

What belongs here: one row of results per spectrum. What does not: mixtures (see
`mixture_evaluation`), the text of the report (see `report`).

Each spectrum of a multi-specimen mineral is searched for without its own specimen, and, for
open-set recognition, without its mineral; both also with its elements known. Calibrations are
fitted on other minerals, on their spectra as they are and on disturbed copies. The leaky protocol
of the literature leaves only the spectrum itself out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.identification.calibration_fit import fit_calibration, with_disturbed
from raman_pipeline.learning.identification.countries import (
    country_codes,
    country_probabilities,
    fit_countries,
)
from raman_pipeline.learning.identification.known_elements import with_elements
from raman_pipeline.learning.identification.leave_one_out import (
    FOLDS,
    HeldOutScores,
    leave_one_specimen_out,
    multi_specimen_minerals,
)
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import EXCLUDED, by_mineral, by_specimen, search
from raman_pipeline.spectra.derivatives import root_derivative_spectra
from raman_pipeline.spectra.normalise import unit_vectors

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_BASELINE_SIGMA = 4.0
"""Grid points; the best of 1.5 to 6 for the baseline on the mirror."""
_RANK = "rank of the correct mineral, from 1: "


def _probability(name: str, description: str) -> Column:
    return Column(name, pa.float64(), description, between=(0, 1))


IDENTIFIED = TableSchema(
    "identified_spectra",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("mineral", pa.string(), "its mineral"),
        Column("rruff_id", pa.string(), "its specimen"),
        Column("wavelength_nm", pa.float64(), "laser, nm", nullable=True),
        Column("specimens", pa.int64(), "other specimens of the mineral"),
        Column("rank", pa.int64(), _RANK + "leave-one-specimen-out, whole library"),
        Column("rank_multi_specimen", pa.int64(), _RANK + "among multi-specimen minerals"),
        Column("rank_leaky", pa.int64(), _RANK + "only the spectrum itself left out"),
        Column("rank_derivative", pa.int64(), _RANK + "1-NN, first derivatives (baseline)"),
        Column(
            "rank_derivative_multi_specimen", pa.int64(), _RANK + "same, multi-specimen minerals"
        ),
        Column("rank_min_max", pa.int64(), _RANK + "1-NN, min-max spectra (baseline)"),
        Column("rank_elements", pa.int64(), _RANK + "its elements from sodium on are known"),
        Column("predicted", pa.string(), "the best mineral"),
        _probability("conditional_probability", "of the best mineral, one being in the library"),
        _probability("probability", "of the best mineral"),
        _probability("probability_without_mineral", "the same with the mineral left out"),
        _probability("in_library_probability", "that the mineral is in the library"),
        _probability("in_library_probability_without_mineral", "the same, mineral left out"),
        *(
            _probability(f"{name}_elements", f"{description}, its elements known")
            for name, description in (
                ("conditional_probability", "of the best mineral, one being in the library"),
                ("in_library_probability", "that the mineral is in the library"),
                ("in_library_probability_without_mineral", "the same, mineral left out"),
            )
        ),
        Column("best_score", pa.float64(), "score of the best mineral"),
        Column("best_score_without_mineral", pa.float64(), "the same with the mineral left out"),
        Column("country_rank", pa.int64(), "rank of the correct country", nullable=True),
        Column("country_rank_prior", pa.int64(), "by frequency alone (baseline)", nullable=True),
    ),
)


def evaluate(library: MineralLibrary) -> pa.Table:
    """Returns an IDENTIFIED table of all spectra of multi-specimen minerals.

    Raises:
        ValueError: as `leave_one_specimen_out` does.
    """
    held_out = leave_one_specimen_out(library)
    rows, label = held_out.row, library.mineral[held_out.row]
    specimens = np.bincount(library.specimen_mineral, minlength=len(library.minerals))
    multiple = multi_specimen_minerals(library)
    derivative, min_max = baselines(library, rows)
    everything = with_disturbed(library, held_out)
    known = with_elements(library, held_out)
    with_known = _cross_fitted(library, known, with_elements(library, everything))
    country, prior = _countries(library, held_out)
    names, ids = np.array(library.minerals), np.array(library.specimens)
    frame = pd.DataFrame(
        {
            "member_id": np.array(library.member_id)[rows],
            "mineral": names[label],
            "rruff_id": ids[library.specimen[rows]],
            "wavelength_nm": library.wavelength[rows],
            "specimens": specimens[label] - 1,
            "rank": ranks(held_out.scores, label),
            "rank_multi_specimen": ranks(held_out.scores, label, multiple),
            "rank_leaky": ranks(_leaky(library, rows), label),
            "rank_derivative": ranks(derivative, label),
            "rank_derivative_multi_specimen": ranks(derivative, label, multiple),
            "rank_min_max": ranks(min_max, label),
            "rank_elements": ranks(known.scores, label),
            "predicted": names[held_out.scores.argmax(axis=1)],
            **_cross_fitted(library, held_out, everything),
            **{f"{name}_elements": values for name, values in with_known.items()},
            "best_score": held_out.scores.max(axis=1),
            "best_score_without_mineral": held_out.without_mineral.max(axis=1),
            "country_rank": pd.array(country, dtype="Int64"),
            "country_rank_prior": pd.array(prior, dtype="Int64"),
        }
    )
    return IDENTIFIED.from_frame(frame)


def ranks(
    scores: npt.NDArray[np.floating[Any]],
    label: Indices,
    among: npt.NDArray[np.bool_] | None = None,
) -> Indices:
    """Returns the rank of the correct class in each row, from 1; ties count against it.

    Args:
        scores: [q, classes].
        label: int64 [q].
        among: bool [classes], those to rank, the correct one included; all if None.
    """
    better = scores >= scores[np.arange(len(label)), label][:, None]
    if among is not None:
        better = better[:, among]
    return better.sum(axis=1)


def _leaky(library: MineralLibrary, rows: Indices) -> Floats:
    scores = []
    for start in range(0, len(rows), 256):
        chunk = rows[start : start + 256]
        similarity = search(library, library.derivatives[chunk], library.valid[chunk])
        similarity[np.arange(len(chunk)), chunk] = EXCLUDED
        scores.append(by_mineral(library, by_specimen(library, similarity)))
    return np.concatenate(scores)


def baselines(library: MineralLibrary, rows: Indices) -> tuple[Floats, Floats]:
    """Returns scores of minerals by cosines of first-derivative and of min-max spectra.

    Args:
        library: reference spectra and queries.
        rows: indices of the queries; their own specimens are left out.
    """
    ids = np.unique(np.array(library.specimens), return_inverse=True)[1][library.specimen]
    starts = np.searchsorted(library.mineral, np.arange(len(library.minerals)))
    scores = []
    for vectors in (root_derivative_spectra(library.intensity, _BASELINE_SIGMA), library.intensity):
        unit = unit_vectors(vectors)
        similarity = unit[rows] @ unit.T
        similarity[ids[rows][:, None] == ids[None, :]] = EXCLUDED
        scores.append(np.maximum.reduceat(similarity, starts, axis=1))
    return scores[0], scores[1]


def _cross_fitted(
    library: MineralLibrary, held_out: HeldOutScores, everything: HeldOutScores
) -> dict[str, npt.NDArray[np.float64]]:
    """Returns probabilities by calibrations that were fitted on other minerals.

    Args:
        library: reference spectra.
        held_out: scores of the queries.
        everything: scores to fit on, those of disturbed copies too.
    """
    from sklearn.model_selection import GroupKFold

    label = library.mineral[held_out.row]
    found = {
        column.name: np.zeros(len(label))
        for column in IDENTIFIED.columns
        if "probability" in column.name and not column.name.endswith("_elements")
    }
    for train, test in GroupKFold(FOLDS).split(label, groups=label):
        kept = np.isin(library.mineral[everything.row], label[train])
        calibration = fit_calibration(library, everything.subset(kept))
        part = held_out.subset(test)
        quality = part.attenuation, part.points
        for scores, suffix in ((part.scores, ""), (part.without_mineral, "_without_mineral")):
            found[f"in_library_probability{suffix}"][test] = calibration.in_library(
                scores, *quality
            )
            best = calibration.probabilities(scores, *quality).max(axis=1)
            found[f"probability{suffix}"][test] = best
        conditional = calibration.conditional(part.scores, part.attenuation)
        found["conditional_probability"][test] = conditional.max(axis=1)
    return found


def _countries(
    library: MineralLibrary, held_out: HeldOutScores
) -> tuple[list[int | None], list[int | None]]:
    """Returns the rank of each query's country, by its spectrum and by frequency alone."""
    from sklearn.model_selection import GroupKFold

    codes, index = country_codes(library)
    own = index[library.specimen[held_out.row]]
    if not codes:
        return [None] * len(own), [None] * len(own)
    label = library.mineral[held_out.row]
    by_spectrum = np.zeros((len(own), len(codes)))
    for train, test in GroupKFold(FOLDS).split(label, groups=label):
        model = fit_countries(library, held_out.specimens[train], own[train])
        by_spectrum[test] = country_probabilities(library, model, held_out.specimens[test])
    frequency = np.bincount(index[index >= 0], minlength=len(codes)).astype(float)
    by_frequency = np.broadcast_to(frequency, by_spectrum.shape)
    first, second = (
        [int(r) if o >= 0 else None for r, o in zip(ranks(s, np.maximum(own, 0)), own, strict=True)]
        for s in (by_spectrum, by_frequency)
    )
    return first, second
