"""Nested validation: model selection and calibration of a family inside one training set.

What belongs here: the inner split, the selection of hyperparameters and the calibration, the same
for every family. What does not: the families, the calibrator (see `calibration`).

The training set of a fold is split once more, grouped as the outer split groups. Each point of
the hyperparameter grid is fitted on the larger part and calibrated on the smaller one; the point
with the lowest log loss is selected, and its validation scores are kept for the conformal sets.
Then the family is fitted on the whole training set. The test fold takes no part.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from raman_pipeline.common.storage import StorePath
from raman_pipeline.geography.maps.geodesy import unit_vectors
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.data.splits import (
    Split,
    assign_folds,
    groups_of,
)
from raman_pipeline.learning.geolocation.calibration import (
    Calibration,
    Calibrator,
    Predicted,
    Probabilities,
    Trial,
    fit_calibrator,
    log_loss,
    smoothed,
)
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.geolocation.metrics import label_rank, ranked
from raman_pipeline.learning.geolocation.registry import Family
from raman_pipeline.learning.geolocation.spatial_density import Places
from raman_pipeline.learning.training.threads import one_thread

_INNER_FOLDS = 5


def inner_split(
    train: LabelledSpectra, split: Split, seed: int
) -> tuple[LabelledSpectra, LabelledSpectra]:
    """Splits a training set into four fifths to fit on and one fifth to validate on.

    No group of the split is in both parts.
    """
    rows = train.metadata.assign(excluded=None)
    available = len(np.unique(groups_of(rows, split)))
    folds = assign_folds(rows, split, min(_INNER_FOLDS, available), seed)["fold"].to_numpy()
    return train.subset(folds != 0), train.subset(folds == 0)


@one_thread()
def fit_family(family: Family, train: LabelledSpectra, context: FitContext) -> ModelState:
    """Selects hyperparameters, calibrates and fits a family on one training set.

    Returns:
        The family's state with its Calibration.
    """
    inner, validation = inner_split(train, context.split, context.seed)
    frequency = np.bincount(train.label, minlength=len(train.classes)) / len(train)
    prior = smoothed(frequency[None], len(train))[0]
    trials: list[tuple[Trial, Probabilities, Calibrator]] = []
    for number, hyperparameters in enumerate(family.param_grid):
        step = dataclasses.replace(
            context,
            hyperparameters=hyperparameters,
            checkpoint=_inner_checkpoint(context.checkpoint, number),
        )
        scores = _scores(family, family.fit(inner, step), inner, validation)
        calibrator = fit_calibrator(scores, validation.label, prior)
        loss = log_loss(calibrator(scores)[np.arange(len(validation)), validation.label])
        right = label_rank(ranked(scores, inner), validation.label) == 1
        trials.append((Trial(hyperparameters, loss, float(right.mean())), scores, calibrator))
    best, scores, calibrator = min(trials, key=lambda trial: trial[0].loss)
    calibration = Calibration(
        calibrator,
        _bandwidth(inner, validation, calibrator(scores)),
        scores,
        validation.label,
        best.hyperparameters,
        tuple(trial for trial, _, _ in trials),
    )
    final = family.fit(train, dataclasses.replace(context, hyperparameters=best.hyperparameters))
    return calibration.added_to(final)


@one_thread()
def predict_family(
    family: Family, state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Predicted:
    """Returns a family's scores for the test set, with their calibration."""
    return Predicted(_scores(family, state, train, test), Calibration.of(state))


def _inner_checkpoint(checkpoint: StorePath | None, number: int) -> StorePath | None:
    return checkpoint and checkpoint.with_suffix(f".inner{number}{checkpoint.suffix}")


def _bandwidth(
    inner: LabelledSpectra, validation: LabelledSpectra, probabilities: Probabilities
) -> float:
    places = Places(inner.metadata, inner.label, len(inner.classes))
    at = unit_vectors(validation.metadata["latitude"], validation.metadata["longitude"])
    return places.choose_bandwidth(probabilities, at)


def _scores(
    family: Family, state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    return smoothed(family.predict(state, train, test), len(train))
