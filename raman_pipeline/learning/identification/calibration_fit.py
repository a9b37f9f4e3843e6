"""Fitting the calibration of a library on leave-one-specimen-out scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.calibration import Calibration, features
from raman_pipeline.learning.identification.countries import country_codes, fit_countries
from raman_pipeline.learning.identification.disturbed import disturbed_queries
from raman_pipeline.learning.identification.known_elements import with_elements
from raman_pipeline.learning.identification.leave_one_out import (
    HeldOutScores,
    can_be_evaluated,
    leave_one_specimen_out,
)
from raman_pipeline.learning.identification.library import MineralLibrary

_CLOSEST = 200
"""Minerals in the softmax; the probability of those further down is negligible."""
_LOG_TEMPERATURES = (np.log(0.002), np.log(0.5))


def fitted(library: MineralLibrary) -> MineralLibrary:
    """Returns a library with the parameters fitted leave-one-specimen-out.

    They stay empty where there are too few minerals of several specimens.
    """
    if not can_be_evaluated(library):
        return library
    held_out = leave_one_specimen_out(library)
    _, index = country_codes(library)
    own = index[library.specimen[held_out.row]]
    everything = with_disturbed(library, held_out)
    parameters = {
        "calibration": fit_calibration(library, everything).as_json(),
        "calibration_elements": fit_calibration(
            library, with_elements(library, everything)
        ).as_json(),
        "countries": fit_countries(library, held_out.specimens, own).as_json(),
    }
    return replace(library, fitted=parameters)


def with_disturbed(library: MineralLibrary, held_out: HeldOutScores) -> HeldOutScores:
    """Returns scores with those of disturbed copies of some of the spectra."""
    copies = disturbed_queries(library, held_out.row)
    return held_out.joined(leave_one_specimen_out(library, copies))


def fit_calibration(library: MineralLibrary, held_out: HeldOutScores) -> Calibration:
    """Fits the calibration.

    Each query counts as known, if it shows its mineral, and without its mineral as unknown.
    """
    from sklearn.linear_model import LogisticRegression

    shown = held_out.subset(held_out.mineral)
    known = features(shown.scores, shown.attenuation, shown.points)
    unknown = features(held_out.without_mineral, held_out.attenuation, held_out.points)
    x = np.concatenate([known, unknown])
    y = np.concatenate([np.ones(len(known)), np.zeros(len(unknown))])
    model = LogisticRegression(C=100.0, max_iter=1000).fit(x, y)
    scaled = shown.scores / shown.attenuation[:, None]
    temperatures, second = _temperatures(scaled, library.mineral[shown.row])
    return Calibration(
        tuple(float(w) for w in model.coef_[0]),
        float(model.intercept_[0]),
        temperatures,
        second,
        len(held_out.row),
    )


def _temperatures(
    scores: npt.NDArray[np.floating[Any]], label: npt.NDArray[np.int64]
) -> tuple[tuple[float, float], float]:
    """Returns the two temperatures and the weight of the second, of least log loss.

    A single temperature would be high because of the few queries whose mineral is far down, and
    would make the many others underconfident.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    correct = scores[np.arange(len(label)), label]
    few = min(_CLOSEST, scores.shape[1])
    best = np.partition(scores, -few, axis=1)[:, -few:].astype(np.float64)
    top = best.max(axis=1)
    behind, gap = best - top[:, None], correct - top

    def loss(parameters: npt.NDArray[np.float64]) -> float:
        probability = np.zeros(len(label))
        second = float(expit(parameters[2]))
        for weight, logarithm in ((1 - second, parameters[0]), (second, parameters[1])):
            t = np.exp(np.clip(logarithm, *_LOG_TEMPERATURES))
            probability += weight * np.exp(gap / t) / np.exp(behind / t).sum(axis=1)
        return float(-np.log(np.maximum(probability, 1e-12)).mean())

    start = np.array([np.log(0.03), np.log(0.1), -1.0])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 200}).x
    first, last = (float(np.exp(np.clip(x, *_LOG_TEMPERATURES))) for x in found[:2])
    return (first, last), float(expit(found[2]))
