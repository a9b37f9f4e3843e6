"""Fitting a family the honest way: chosen and calibrated on an inner validation.

What belongs here: the inner split, the choice of parameters, the calibration, for every
family alike. What does not: the families, the calibrator (see `calibration`).

The training side of a fold is divided once more, grouped as the outer split groups.
Each choice of parameters is fitted on the larger part and calibrated on the smaller;
that of least log loss wins, and its validation scores are kept for the conformal sets.
Then the family is fitted on the whole training side. The test fold is never looked at.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from raman_pipeline.geography.maps.geodesy import unit_vectors
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.data.splits import (
    Split,
    groups_of,
    ignore_rare_classes,
    make_splitter,
)
from raman_pipeline.learning.geolocation.calibration import (
    Calibration,
    Calibrator,
    Predicted,
    Probabilities,
    fit_calibrator,
    log_loss,
    smoothed,
)
from raman_pipeline.learning.geolocation.fit_context import FitContext, Hyperparameters
from raman_pipeline.learning.geolocation.registry import Family
from raman_pipeline.learning.geolocation.spatial_density import Places

_INNER_FOLDS = 5


def inner_split(
    train: LabelledSpectra, split: Split, seed: int
) -> tuple[LabelledSpectra, LabelledSpectra]:
    """Divides a training side into four fifths to fit on and one fifth to validate on.

    Nothing that the split keeps together stands in both.
    """
    groups = groups_of(train.metadata, split)
    available = len(train) if groups is None else len(np.unique(groups))
    # scikit-learn wants at least one class with as many members as folds.
    commonest = int(np.bincount(train.label).max())
    splitter = make_splitter(split, min(_INNER_FOLDS, available, commonest), seed)
    with ignore_rare_classes():
        fitted, validated = next(splitter.split(train.metadata, train.label, groups))
    return train.subset(fitted), train.subset(validated)


def fit_family(family: Family, train: LabelledSpectra, context: FitContext) -> ModelState:
    """Chooses, calibrates and fits a family on one training side.

    Returns:
        The family's state with a Calibration added.
    """
    inner, validation = inner_split(train, context.split, context.seed)
    frequency = np.bincount(train.label, minlength=len(train.classes)) / len(train)
    prior = smoothed(frequency[None], len(train))[0]
    trials: list[tuple[float, Hyperparameters, Probabilities, Calibrator]] = []
    for number, choice in enumerate(family.param_grid):
        step = dataclasses.replace(
            context, choice=choice, checkpoint=_beside(context.checkpoint, f"inner{number}")
        )
        scores = _scores(family, family.fit(inner, step), inner, validation)
        calibrator = fit_calibrator(scores, validation.label, prior)
        loss = log_loss(calibrator(scores), validation.label)
        trials.append((loss, choice, scores, calibrator))
    _, choice, scores, calibrator = min(trials, key=lambda trial: trial[0])
    calibration = Calibration(
        calibrator,
        _bandwidth(inner, validation, calibrator(scores)),
        scores,
        validation.label,
        choice,
        tuple((tried, loss) for loss, tried, _, _ in trials),
    )
    final = family.fit(train, dataclasses.replace(context, choice=choice))
    return calibration.added_to(final)


def predict_family(
    family: Family, state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Predicted:
    """Returns a family's scores of the test side, with what makes probabilities of them."""
    return Predicted(_scores(family, state, train, test), Calibration.of(state))


def checkpoint_files(checkpoint: Path) -> list[Path]:
    """Returns all files that a fit with this checkpoint may have left."""
    return [checkpoint, *checkpoint.parent.glob(f"{checkpoint.stem}.inner*{checkpoint.suffix}")]


def _beside(checkpoint: Path | None, word: str) -> Path | None:
    return checkpoint and checkpoint.with_suffix(f".{word}{checkpoint.suffix}")


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
