"""Calibration of probabilities, reliability and conformal prediction sets.

What belongs here: what is fitted on the inner validation set, and measures of calibration on the
test set. What does not: accuracy (see `metrics`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.learning.data.model_state import ModelState

Probabilities = npt.NDArray[np.float64]

COVERAGE_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Nominal coverages of the conformal sets."""
_BINS = 15
_SCORES, _LABEL, _PRIOR = "calibration.scores", "calibration.label", "calibration.prior"
_METADATA = "calibration"
_SIMPLEX = ((0.0, -3.0), (1.5, -1.0), (0.0, 1.0))
"""Initial simplex of the search over log temperature and logit of the prior weight."""
_LOG_TEMPERATURES = (np.log(0.2), np.log(200.0))


def smoothed(probabilities: Probabilities, observations: int) -> Probabilities:
    """Returns positive probabilities: additive smoothing by one observation over all classes.

    Args:
        probabilities: [n, classes].
        observations: number of spectra the probabilities were learnt from.
    """
    weight = 1 / (observations + 1)
    return (1 - weight) * probabilities + weight / probabilities.shape[1]


def temperature_scaled(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Returns probabilities with their logarithms divided by a temperature (Guo et al. 2017)."""
    from scipy.special import softmax

    return softmax(np.log(probabilities) / temperature, axis=1)


@dataclass(frozen=True)
class Calibrator:
    """Temperature scaling, then a mixture with the class frequencies of the training set.

    Temperature alone (Guo et al. 2017) flattens all probabilities where a model misses rare
    countries altogether; the mixture covers those.
    """

    temperature: float
    prior_weight: float
    prior: npt.NDArray[np.float64]

    def __call__(self, probabilities: Probabilities) -> Probabilities:
        """Returns calibrated probabilities, [n, classes]."""
        scaled = temperature_scaled(probabilities, self.temperature)
        return (1 - self.prior_weight) * scaled + self.prior_weight * self.prior


def fit_calibrator(
    probabilities: Probabilities, label: npt.NDArray[np.int64], prior: npt.NDArray[np.float64]
) -> Calibrator:
    """Returns the calibrator with the lowest log loss (Nelder-Mead).

    Args:
        probabilities: [n, classes], positive, uncalibrated.
        label: int64 [n].
        prior: float64 [classes], positive, summing to one.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    rows = np.arange(len(label))

    def calibrator(parameters: npt.NDArray[np.float64]) -> Calibrator:
        temperature = float(np.exp(np.clip(parameters[0], *_LOG_TEMPERATURES)))
        return Calibrator(round(temperature, 4), round(float(expit(parameters[1])), 4), prior)

    found = minimize(
        lambda parameters: log_loss(calibrator(parameters)(probabilities)[rows, label]),
        _SIMPLEX[0],
        method="Nelder-Mead",
        options={"initial_simplex": _SIMPLEX},
    )
    return calibrator(found.x)


@dataclass(frozen=True)
class Trial:
    """One point of the grid of hyperparameters, and its scores on the inner validation set.

    Attributes:
        hyperparameters: that were tried.
        loss: calibrated log loss, nats.
        accuracy: None in a state of before it was stored.
    """

    hyperparameters: Mapping[str, Any]
    loss: float
    accuracy: float | None = None

    def __str__(self) -> str:
        named = ", ".join(f"{k} {v}" for k, v in self.hyperparameters.items()) or "preset"
        return named.replace("None", "none")


@dataclass(frozen=True)
class Calibration:
    """Results of the inner validation.

    Attributes:
        calibrator: with the lowest log loss on the validation set.
        bandwidth_km: of the kernels on the sphere.
        scores: float64 [v, classes], uncalibrated probabilities of the validation spectra.
        label: int64 [v].
        hyperparameters: the selected ones.
        trials: of each point of the grid.
    """

    calibrator: Calibrator
    bandwidth_km: float
    scores: Probabilities
    label: npt.NDArray[np.int64]
    hyperparameters: Mapping[str, Any]
    trials: tuple[Trial, ...]

    def added_to(self, state: ModelState) -> ModelState:
        """Returns a copy of a state with this calibration in it."""
        arrays: dict[str, np.ndarray] = {
            _SCORES: self.scores,
            _LABEL: self.label,
            _PRIOR: self.calibrator.prior,
        }
        metadata: dict[str, Any] = {
            "temperature": self.calibrator.temperature,
            "prior_weight": self.calibrator.prior_weight,
            "bandwidth_km": self.bandwidth_km,
            "hyperparameters": dict(self.hyperparameters),
            "trials": [
                [dict(t.hyperparameters), round(t.loss, 5), t.accuracy] for t in self.trials
            ],
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
            metadata["hyperparameters"],
            tuple(Trial(*trial) for trial in metadata["trials"]),
        )


@dataclass(frozen=True)
class Predicted:
    """Predictions of a family for a test set.

    Attributes:
        scores: float64 [n, classes], uncalibrated; predicted label and rank follow them.
        calibration: of the model.
    """

    scores: Probabilities
    calibration: Calibration

    @property
    def probabilities(self) -> Probabilities:
        """Calibrated, float64 [n, classes]."""
        return self.calibration.calibrator(self.scores)


def log_loss(label_probability: npt.ArrayLike) -> float:
    """Returns the mean negative logarithm of the labels' probabilities, nats.

    scikit-learn's `log_loss` gives the same numbers; its validation of the input takes 100 times
    as long, which is most of the time of `fit_calibrator`.
    """
    return float(-np.log(np.asarray(label_probability)).mean())


def brier(probabilities: Probabilities, label: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns the Brier score of each row over all classes, 0 to 2 (Brier 1950)."""
    of_label = probabilities[np.arange(len(label)), label]
    return (probabilities**2).sum(axis=1) - 2 * of_label + 1


def reliability(confidence: npt.ArrayLike, right: npt.ArrayLike) -> pd.DataFrame:
    """Returns the reliability diagram of the predicted class, over 15 bins of equal width.

    Unlike scikit-learn's `calibration_curve` it counts the bins, which the expected
    calibration error weights by.

    Columns: `confidence` and `accuracy` (means in the bin), `n`; one row per non-empty bin.
    """
    confidence, right = np.asarray(confidence, float), np.asarray(right, float)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    frame = pd.DataFrame({"bin": bins, "confidence": confidence, "accuracy": right})
    grouped = frame.groupby("bin")
    return (
        grouped[["confidence", "accuracy"]].mean().assign(n=grouped.size()).reset_index(drop=True)
    )


def expected_calibration_error(table: pd.DataFrame) -> float:
    """Returns the mean distance between accuracy and confidence over `reliability` bins."""
    gap = (table["confidence"] - table["accuracy"]).abs()
    return float((gap * table["n"]).sum() / table["n"].sum())


class _Precomputed:
    """A fitted classifier that returns its input, the interface that MAPIE expects."""

    def __init__(self, classes: int) -> None:
        self.classes_ = np.arange(classes)
        self.n_features_in_ = classes
        self.is_fitted_ = True

    def fit(self, x: Probabilities, y: npt.NDArray[np.int64]) -> _Precomputed:
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
    """Returns which classes the conformal set of each row contains, [n, classes, levels].

    Split-conformal sets by the label's probability (Sadinle et al. 2019, MAPIE's `lac`), the
    smallest sets on average. Their nominal coverage holds if test and validation set are
    exchangeable; spectra of one specimen are not independent, so reports give the empirical
    coverage as well.

    Args:
        validation: [v, classes], of spectra that the model was not fitted on.
        label: int64 [v].
        test: [n, classes].
        levels: nominal coverages.
    """
    # The import takes seconds, and only predictions need it.
    from mapie.classification import SplitConformalClassifier

    conformal = SplitConformalClassifier(
        _Precomputed(validation.shape[1]), confidence_level=list(levels), conformity_score="lac"
    )
    with warnings.catch_warnings():
        # The validation set may lack a rare country; `lac` pools the scores of all classes.
        warnings.filterwarnings("ignore", message=".*conformalization dataset has less labels")
        conformal.conformalize(validation, label)
    return conformal.predict_set(test)[1].astype(bool)
