"""What identification is worth on specimens that the library does not hold.

What belongs here: one row of results for each spectrum. What does not: mixtures (see
`mixture_judgement`), tables of text (see `report`).

Each spectrum of a mineral with at least two specimens is searched for in a library without any
spectrum of its own specimen, and, to see what is said of unknown minerals, in one without its
mineral. What needs fitting is fitted on other minerals. The leaky protocol of the
literature leaves only the spectrum itself out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.model_selection import GroupKFold

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.identification.calibrating import (
    FOLDS,
    LeftOut,
    fit_confidence,
    left_out,
    repeated_minerals,
)
from raman_pipeline.learning.identification.countries import (
    country_codes,
    country_probabilities,
    fit_countries,
)
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import NOWHERE, by_mineral, by_specimen, search
from raman_pipeline.spectra.derivatives import root_derivative_spectra
from raman_pipeline.spectra.normalise import unit_vectors

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_BASELINE_SMOOTHING = 4.0
"""Grid points; the best of 1.5 to 6 for the baseline on the mirror."""
_RANK = "rank of the right mineral, from 1: "

IDENTIFIED = TableSchema(
    "identified",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("mineral", pa.string(), "its name"),
        Column("rruff_id", pa.string(), "its specimen"),
        Column("wavelength_nm", pa.float64(), "laser, nm", nullable=True),
        Column("specimens", pa.int64(), "of the mineral, without the query's own"),
        Column("rank", pa.int64(), _RANK + "specimen left out, whole library"),
        Column("rank_repeated", pa.int64(), _RANK + "among minerals with two specimens or more"),
        Column("rank_leaky", pa.int64(), _RANK + "only the spectrum itself left out"),
        Column("rank_slopes", pa.int64(), _RANK + "1-NN cosine of slopes of roots (baseline)"),
        Column("rank_slopes_repeated", pa.int64(), _RANK + "the same among repeated minerals"),
        Column("rank_plain", pa.int64(), _RANK + "1-NN cosine of min-max spectra (baseline)"),
        Column("named", pa.string(), "the best mineral"),
        Column("share", pa.float64(), "its chance, given that it is known", between=(0, 1)),
        Column("score", pa.float64(), "its chance", between=(0, 1)),
        Column("score_without", pa.float64(), "of the best, mineral left out", between=(0, 1)),
        Column("known", pa.float64(), "chance that the mineral is in the library", between=(0, 1)),
        Column("known_without", pa.float64(), "the same with the mineral left out", between=(0, 1)),
        Column("best_similarity", pa.float64(), "best score, mineral there"),
        Column("best_similarity_without", pa.float64(), "best score, mineral left out"),
        Column("country_rank", pa.int64(), "rank of the right country", nullable=True),
        Column("country_rank_prior", pa.int64(), "by frequency alone (baseline)", nullable=True),
    ),
)


def judge(library: MineralLibrary) -> pa.Table:
    """Returns an IDENTIFIED table of all spectra of repeated minerals.

    Raises:
        ValueError: as `left_out` does.
    """
    answers = left_out(library)
    rows, label = answers.row, library.mineral[answers.row]
    specimens = np.bincount(library.specimen_mineral, minlength=len(library.minerals))
    often = repeated_minerals(library)
    slopes, plain = baselines(library, rows)
    country, prior = _countries(library, answers)
    names, ids = np.array(library.minerals), np.array(library.specimens)
    frame = pd.DataFrame(
        {
            "member_id": np.array(library.member_id)[rows],
            "mineral": names[label],
            "rruff_id": ids[library.specimen[rows]],
            "wavelength_nm": library.wavelength[rows],
            "specimens": specimens[label] - 1,
            "rank": ranks(answers.known, label),
            "rank_repeated": ranks(answers.known, label, often),
            "rank_leaky": ranks(_leaky(library, rows), label),
            "rank_slopes": ranks(slopes, label),
            "rank_slopes_repeated": ranks(slopes, label, often),
            "rank_plain": ranks(plain, label),
            "named": names[answers.known.argmax(axis=1)],
            **_cross_fitted(library, answers),
            "best_similarity": answers.known.max(axis=1),
            "best_similarity_without": answers.unknown.max(axis=1),
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
    """Returns the rank of the right mineral in each row, from 1; ties count against it.

    Args:
        scores: [q, minerals].
        label: int64 [q].
        among: bool [minerals], which take part; the right one must.
    """
    right = scores[np.arange(len(label)), label][:, None]
    better = scores >= right
    if among is not None:
        better = better[:, among]
    return better.sum(axis=1)


def _leaky(library: MineralLibrary, rows: Indices) -> Floats:
    scores = []
    for start in range(0, len(rows), 256):
        chunk = rows[start : start + 256]
        similarity = search(library, library.slopes[chunk], library.covered[chunk])
        similarity[np.arange(len(chunk)), chunk] = NOWHERE
        scores.append(by_mineral(library, by_specimen(library, similarity)))
    return np.concatenate(scores)


def baselines(library: MineralLibrary, rows: Indices) -> tuple[Floats, Floats]:
    """Returns scores of minerals by two plain ways: slopes of roots, and spectra.

    Args:
        library: what is searched.
        rows: indices of the queries in it; their own specimens take no part.
    """
    vectors = (root_derivative_spectra(library.intensity, _BASELINE_SMOOTHING), library.intensity)
    ids = np.unique(np.array(library.specimens), return_inverse=True)[1][library.specimen]
    starts = np.searchsorted(library.mineral, np.arange(len(library.minerals)))
    scores = []
    for vector in vectors:
        unit = unit_vectors(vector)
        similarity = unit[rows] @ unit.T
        similarity[ids[rows][:, None] == ids[None, :]] = NOWHERE
        scores.append(np.maximum.reduceat(similarity, starts, axis=1))
    return scores[0], scores[1]


def _cross_fitted(library: MineralLibrary, answers: LeftOut) -> dict[str, npt.NDArray[np.float64]]:
    """Returns chances by a confidence that was fitted on other minerals."""
    label = library.mineral[answers.row]
    names = ("share", "score", "score_without", "known", "known_without")
    found = {name: np.zeros(len(label)) for name in names}
    for train, test in GroupKFold(FOLDS).split(label, groups=label):
        confidence = fit_confidence(library, answers.some(train))
        for scores, ending in ((answers.known[test], ""), (answers.unknown[test], "_without")):
            found[f"known{ending}"][test] = confidence.known(scores)
            found[f"score{ending}"][test] = confidence.probabilities(scores).max(axis=1)
        found["share"][test] = confidence.shares(answers.known[test]).max(axis=1)
    return found


def _countries(
    library: MineralLibrary, answers: LeftOut
) -> tuple[list[int | None], list[int | None]]:
    """Returns the rank of each query's country, by its spectrum and by frequency alone."""
    codes, index = country_codes(library)
    own = index[library.specimen[answers.row]]
    if not codes:
        return [None] * len(own), [None] * len(own)
    label = library.mineral[answers.row]
    chances = np.zeros((len(own), len(codes)))
    for train, test in GroupKFold(FOLDS).split(label, groups=label):
        guess = fit_countries(library, answers.specimens[train], own[train])
        chances[test] = country_probabilities(library, guess, answers.specimens[test])
    often = np.bincount(index[index >= 0], minlength=len(codes)).astype(float)
    prior = np.broadcast_to(often, chances.shape)
    found, plain = ranks(chances, np.maximum(own, 0)), ranks(prior, np.maximum(own, 0))
    return (
        [int(r) if o >= 0 else None for r, o in zip(found, own, strict=True)],
        [int(r) if o >= 0 else None for r, o in zip(plain, own, strict=True)],
    )
