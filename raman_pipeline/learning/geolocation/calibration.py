"""Probabilities that mean what they say: calibration, reliability, conformal sets.

What belongs here: what is fitted on the inner validation, and how far it holds on the
test side. What does not: accuracy (see `metrics`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, softmax

from raman_pipeline.learning.data.model_state import ModelState

Probabilities = npt.NDArray[np.float64]

COVERAGE_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Stated coverages of the conformal sets."""
_BINS = 15
_SCORES, _LABEL, _PRIOR = "calibration.scores", "calibration.label", "calibration.prior"
_METADATA = "calibration"
_SIMPLEX = ((0.0, -3.0), (1.5, -1.0), (0.0, 1.0))
"""Where the search for log temperature and logit of the share begins."""
_LOG_TEMPERATURES = (np.log(0.2), np.log(200.0))


def smoothed(probabilities: Probabilities, observations: int) -> Probabilities:
    """Mixes in one observation spread over all classes: nothing seen is impossible.

    Args:
        probabilities: [n, classes].
        observations: how many spectra the probabilities were learnt from.
    """
    share = 1 / (observations + 1)
    return (1 - share) * probabilities + share / probabilities.shape[1]


def temper(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Returns probabilities with their logarithms divided by a temperature (Guo 2017)."""
    return softmax(np.log(probabilities) / temperature, axis=1)


@dataclass(frozen=True)
class Calibrator:
    """Temperature, then a mixture with the prior.

    Temperature alone (Guo 2017) has to flatten everything where a model misses rare
    countries altogether; a share of the training frequencies answers for those.
    """

    temperature: float
    prior_weight: float
    prior: npt.NDArray[np.float64]

    def __call__(self, probabilities: Probabilities) -> Probabilities:
        """Returns calibrated probabilities, [n, classes]."""
        tempered = temper(probabilities, self.temperature)
        return (1 - self.prior_weight) * tempered + self.prior_weight * self.prior


def fit_calibrator(
    probabilities: Probabilities, label: npt.NDArray[np.int64], prior: npt.NDArray[np.float64]
) -> Calibrator:
    """Returns the calibrator of least log loss.

    Args:
        probabilities: [n, classes], positive, as fitted.
        label: int64 [n].
        prior: float64 [classes], positive, summing to one.
    """

    def made(parameters: npt.NDArray[np.float64]) -> Calibrator:
        temperature = float(np.exp(np.clip(parameters[0], *_LOG_TEMPERATURES)))
        return Calibrator(round(temperature, 4), round(float(expit(parameters[1])), 4), prior)

    found = minimize(
        lambda parameters: log_loss(made(parameters)(probabilities), label),
        _SIMPLEX[0],
        method="Nelder-Mead",
        options={"initial_simplex": _SIMPLEX},
    )
    return made(found.x)


@dataclass(frozen=True)
class Calibration:
    """What the inner validation gave.

    Attributes:
        calibrator: of least log loss on it.
        bandwidth_km: of the kernels on the sphere.
        scores: float64 [v, classes], of the validation spectra, as fitted.
        label: int64 [v].
        choice: the chosen parameters.
        trials: (parameters, log loss in nats when calibrated) of each choice.
    """

    calibrator: Calibrator
    bandwidth_km: float
    scores: Probabilities
    label: npt.NDArray[np.int64]
    choice: Mapping[str, Any]
    trials: tuple[tuple[Mapping[str, Any], float], ...]

    def added_to(self, state: ModelState) -> ModelState:
        """Returns a state that carries this."""
        arrays: dict[str, np.ndarray] = {
            _SCORES: self.scores,
            _LABEL: self.label,
            _PRIOR: self.calibrator.prior,
        }
        metadata: dict[str, Any] = {
            "temperature": self.calibrator.temperature,
            "prior_weight": self.calibrator.prior_weight,
            "bandwidth_km": self.bandwidth_km,
            "choice": dict(self.choice),
            "trials": [[dict(choice), round(loss, 5)] for choice, loss in self.trials],
        }
        return ModelState(state.arrays | arrays, state.metadata | {_METADATA: metadata})

    @classmethod
    def of(cls, state: ModelState) -> Calibration:
        """Reads what `added_to` stored."""
        metadata, arrays = state.metadata[_METADATA], state.arrays
        return cls(
            Calibrator(metadata["temperature"], metadata["prior_weight"], arrays[_PRIOR]),
            metadata["bandwidth_km"],
            arrays[_SCORES],
            arrays[_LABEL],
            metadata["choice"],
            tuple((choice, loss) for choice, loss in metadata["trials"]),
        )


@dataclass(frozen=True)
class Predicted:
    """What a family says of a test side.

    Attributes:
        scores: float64 [n, classes], as fitted; they decide label and rank.
        calibration: of the model that gave them.
    """

    scores: Probabilities
    calibration: Calibration

    @property
    def probabilities(self) -> Probabilities:
        """Calibrated, float64 [n, classes]."""
        return self.calibration.calibrator(self.scores)


def log_loss(probabilities: Probabilities, label: npt.NDArray[np.int64]) -> float:
    """Returns the mean negative logarithm of the label's probability, nats."""
    return float(-np.log(probabilities[np.arange(len(label)), label]).mean())


def brier(probabilities: Probabilities, label: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns the squared error over all classes for each row, 0 to 2 (Brier 1950)."""
    of_label = probabilities[np.arange(len(label)), label]
    return (probabilities**2).sum(axis=1) - 2 * of_label + 1


def reliability(confidence: npt.ArrayLike, right: npt.ArrayLike) -> pd.DataFrame:
    """Returns how often the most probable class was right, by its stated probability.

    Columns: `confidence` and `accuracy` (means in the bin), `n`; one row for each of 15
    equally wide bins that holds anything.
    """
    confidence, right = np.asarray(confidence, float), np.asarray(right, float)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    frame = pd.DataFrame({"bin": bins, "confidence": confidence, "accuracy": right})
    grouped = frame.groupby("bin")
    return (
        grouped[["confidence", "accuracy"]].mean().assign(n=grouped.size()).reset_index(drop=True)
    )


def expected_calibration_error(table: pd.DataFrame) -> float:
    """Returns the mean distance of accuracy from confidence over `reliability` bins."""
    gap = (table["confidence"] - table["accuracy"]).abs()
    return float((gap * table["n"]).sum() / table["n"].sum())


class _Known:
    """A fitted classifier whose inputs are its outputs, as MAPIE wants one."""

    def __init__(self, classes: int) -> None:
        self.classes_ = np.arange(classes)
        self.n_features_in_ = classes
        self.is_fitted_ = True

    def fit(self, x: Probabilities, y: npt.NDArray[np.int64]) -> _Known:
        return self

    def predict_proba(self, x: Probabilities) -> Probabilities:
        return x

    def predict(self, x: Probabilities) -> npt.NDArray[np.int64]:
        return x.argmax(axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def conformal_sets(
    validation: Probabilities,
    label: npt.NDArray[np.int64],
    test: Probabilities,
    levels: Sequence[float] = COVERAGE_LEVELS,
) -> npt.NDArray[np.bool_]:
    """Returns which classes stand in the conformal set of each row, [n, classes, levels].

    Split-conformal sets by the label's probability (Sadinle 2019, MAPIE's `lac`): the
    smallest sets on average. A set holds the label in the stated share of cases if test
    and validation are exchangeable; spectra of one specimen are not independent, so
    the measured coverage stands beside the stated one.

    Args:
        validation: [v, classes], of spectra that the model was not fitted on.
        label: int64 [v].
        test: [n, classes].
        levels: stated coverages.
    """
    # Seconds to import, and only predictions need it.
    from mapie.classification import SplitConformalClassifier

    conformal = SplitConformalClassifier(
        _Known(validation.shape[1]), confidence_level=list(levels), conformity_score="lac"
    )
    with warnings.catch_warnings():
        # A rare country need not stand in the validation; its score is the same as of others.
        warnings.filterwarnings("ignore", message=".*conformalization dataset has less labels")
        conformal.conformalize(validation, label)
    return conformal.predict_set(test)[1].astype(bool)
