"""Fitting the confidence of a library on answers about specimens that were left out.

What belongs here: the leave-out answers and the fit. What does not: using it (see `confidence`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from raman_pipeline.learning.identification.confidence import Confidence, features
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import NOWHERE, by_mineral, by_specimen, search

Floats = npt.NDArray[np.float32]
FOLDS = 5
_CHUNK = 256
_CLOSEST = 200
"""Minerals that matter for a softmax; what lies further down has no share to speak of."""
_LOG_TEMPERATURES = (np.log(0.002), np.log(0.5))


@dataclass(frozen=True)
class LeftOut:
    """Scores of reference spectra, each with its own specimen left out of the library.

    Attributes:
        row: index of the queried spectra in the library, int64 [q].
        known: scores with the specimen left out, float32 [q, minerals].
        unknown: scores with the whole mineral left out.
        specimens: similarities of specimens, with the query's own left out, [q, specimens].
    """

    row: npt.NDArray[np.int64]
    known: Floats
    unknown: Floats
    specimens: Floats

    def some(self, rows: npt.NDArray[np.int64]) -> LeftOut:
        """Returns the answers for some of the queries."""
        return LeftOut(self.row[rows], self.known[rows], self.unknown[rows], self.specimens[rows])


def repeated_minerals(library: MineralLibrary) -> npt.NDArray[np.bool_]:
    """Returns which minerals have at least two specimens, bool [minerals]."""
    return np.bincount(library.specimen_mineral, minlength=len(library.minerals)) >= 2


def repeated(library: MineralLibrary) -> npt.NDArray[np.int64]:
    """Returns the spectra of minerals with at least two specimens."""
    return np.flatnonzero(repeated_minerals(library)[library.mineral])


def can_be_judged(library: MineralLibrary) -> bool:
    """Says whether enough minerals have two specimens to fit and to judge in folds."""
    return int(repeated_minerals(library).sum()) >= FOLDS


def left_out(library: MineralLibrary) -> LeftOut:
    """Asks the library for each spectrum of a mineral with at least two specimens.

    Raises:
        ValueError: there are fewer than five such minerals.
    """
    if not can_be_judged(library):
        raise ValueError(
            f"{repeated_minerals(library).sum()} minerals have two specimens; at least {FOLDS} "
            "are needed to fit and to judge"
        )
    return leave_out(library, repeated(library))


def leave_out(library: MineralLibrary, rows: npt.NDArray[np.int64]) -> LeftOut:
    """Asks the library for some of its spectra.

    Args:
        library: what is searched.
        rows: indices of the spectra, int64 [q].
    """
    parts = list(_left_out(library, rows))
    return LeftOut(rows, *(np.concatenate([p[i] for p in parts]) for i in range(3)))


def _left_out(
    library: MineralLibrary, rows: npt.NDArray[np.int64]
) -> Iterator[tuple[Floats, Floats, Floats]]:
    # An id that stands with two minerals is one stone all the same.
    ids = np.unique(np.array(library.specimens), return_inverse=True)[1]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        similarity = search(library, library.slopes[chunk], library.covered[chunk])
        specimens = by_specimen(library, similarity)
        own = ids[library.specimen[chunk]][:, None] == ids[None, :]
        specimens[own] = NOWHERE
        known = by_mineral(library, specimens)
        unknown = known.copy()
        unknown[np.arange(len(chunk)), library.mineral[chunk]] = NOWHERE
        yield known, unknown, specimens


def fit_confidence(library: MineralLibrary, answers: LeftOut) -> Confidence:
    """Fits the confidence to left-out answers: as many known as unknown queries."""
    known, unknown = features(answers.known), features(answers.unknown)
    x = np.concatenate([known, unknown])
    y = np.concatenate([np.ones(len(known)), np.zeros(len(unknown))])
    model = LogisticRegression(C=100.0, max_iter=1000).fit(x, y)
    temperatures, second = _temperatures(answers.known, library.mineral[answers.row])
    return Confidence(
        tuple(float(w) for w in model.coef_[0]),
        float(model.intercept_[0]),
        temperatures,
        second,
        len(answers.row),
    )


def _temperatures(
    scores: Floats, label: npt.NDArray[np.int64]
) -> tuple[tuple[float, float], float]:
    """Returns the two temperatures and the share of the second, of least log loss.

    One temperature has to be high for the few queries whose mineral is far down, and makes the
    many others look less sure than they are.
    """
    right = scores[np.arange(len(label)), label]
    few = min(_CLOSEST, scores.shape[1])
    best = np.partition(scores, -few, axis=1)[:, -few:].astype(np.float64)
    top = best.max(axis=1)
    behind, off = best - top[:, None], right - top

    def loss(parameters: npt.NDArray[np.float64]) -> float:
        chance = np.zeros(len(label))
        share = float(expit(parameters[2]))
        for weight, logarithm in ((1 - share, parameters[0]), (share, parameters[1])):
            t = np.exp(np.clip(logarithm, *_LOG_TEMPERATURES))
            chance += weight * np.exp(off / t) / np.exp(behind / t).sum(axis=1)
        return float(-np.log(np.maximum(chance, 1e-12)).mean())

    start = np.array([np.log(0.03), np.log(0.1), -1.0])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 200}).x
    first, last = (float(np.exp(np.clip(x, *_LOG_TEMPERATURES))) for x in found[:2])
    return (first, last), float(expit(found[2]))
