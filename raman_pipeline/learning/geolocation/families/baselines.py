"""Reference baselines: class frequencies, memorisation, nearest neighbour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.data.similarity import best_by_class, unit_root

Probabilities = npt.NDArray[np.float64]
_SHARPNESS = 0.01


def fit_majority(train: LabelledSpectra) -> ModelState:
    """Fits the class frequencies."""
    return ModelState({"prior": _prior(train)})


def predict_majority(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    """Returns the training frequencies for every spectrum, float64 [n, classes]."""
    return np.tile(state.arrays["prior"], (len(test), 1))


def fit_memorisation(train: LabelledSpectra, column: str) -> ModelState:
    """Counts the countries of each value of a column; the spectrum itself is not used.

    Memorising `rruff_id` measures leakage: only specimens that are in training and test set can
    be classified.
    """
    values, counts = _counts(train, column)
    return ModelState({"counts": counts, "prior": _prior(train)}, {"values": values})


def predict_memorisation(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra, column: str
) -> Probabilities:
    """Returns the country frequencies of each value, the overall ones for a new value.

    The overall frequencies count as one further observation, which ranks countries that the
    value was not seen in.
    """
    row = {value: i for i, value in enumerate(state.metadata["values"])}
    prior, counts = state.arrays["prior"], state.arrays["counts"]
    with_none = np.vstack([counts, np.zeros(len(prior))])
    chosen = with_none[[row.get(value, len(counts)) for value in test.metadata[column]]]
    return (chosen + prior) / (chosen.sum(axis=1, keepdims=True) + 1)


def fit_nearest_neighbour(train: LabelledSpectra) -> ModelState:
    """Fits nothing: the training set itself is the model."""
    return ModelState({"prior": _prior(train)}, {"training_spectra": len(train)})


def predict_nearest_neighbour(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    """Returns a sharp softmax of the similarity to the nearest training spectrum per country.

    Only the order is meaningful before calibration.
    """
    from scipy.special import softmax

    reference, query = unit_root(train.intensity), unit_root(test.intensity)
    best = best_by_class(query, reference, train.label, len(train.classes))
    return softmax(np.where(best > -1, best / _SHARPNESS, -np.inf), axis=1)


def as_probabilities(values: npt.NDArray[np.floating]) -> Probabilities:
    """Returns regression values of one-hot targets clipped at zero and normalised to sum 1."""
    positive = np.clip(values, 0, None).astype(np.float64)
    return positive / positive.sum(axis=1, keepdims=True)


def _prior(train: LabelledSpectra) -> Probabilities:
    return np.bincount(train.label, minlength=len(train.classes)) / max(len(train), 1)


def _counts(train: LabelledSpectra, column: str) -> tuple[list[str], Probabilities]:
    """Returns the values of a column and their country counts, [values, classes]."""
    codes, values = pd.factorize(train.metadata[column], sort=True)
    counts = np.zeros((len(values), len(train.classes)))
    np.add.at(counts, (codes, train.label), 1)
    return list(values), counts
