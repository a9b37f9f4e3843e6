"""Kernel ridge regression on several inputs, and its blend with randomised trees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.families.baselines import Probabilities, as_probabilities
from raman_pipeline.learning.geolocation.families.sklearn_models import predict_trees
from raman_pipeline.learning.geolocation.features import Input, feature_block
from raman_pipeline.learning.geolocation.fit_context import FitContext, Hyperparameters

RIDGE_GRID: tuple[Hyperparameters, ...] = ({"ridge": 0.1}, {"ridge": 0.5}, {"ridge": 2.0})


def fit_kernel_ridge(
    train: LabelledSpectra, context: FitContext, inputs: Sequence[Input]
) -> ModelState:
    """Fits kernel ridge regression on one-hot countries; the state holds the dual coefficients.

    The kernel is the sum over inputs of exp(-squared distance); blocks are scaled so
    that the distance between unrelated spectra is about 1.
    """
    from sklearn.kernel_ridge import KernelRidge

    minerals = sorted(train.metadata["mineral"].unique())
    targets = np.eye(len(train.classes))[train.label]
    mean = targets.mean(axis=0)
    model = KernelRidge(alpha=context.hyperparameters["ridge"], kernel="precomputed")
    model.fit(_kernel(train, train, inputs, minerals), targets - mean)
    return ModelState(
        {"dual": model.dual_coef_.astype(np.float32), "mean": mean},
        {
            "seed": context.seed,
            "trees": context.trees,
            **context.hyperparameters,
            "minerals": minerals,
        },
    )


def predict_kernel_ridge(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra, inputs: Sequence[Input]
) -> Probabilities:
    """Returns the predicted values, clipped at zero and normalised to sum to one."""
    kernel = _kernel(test, train, inputs, state.metadata["minerals"])
    return as_probabilities(kernel @ state.arrays["dual"] + state.arrays["mean"])


def predict_blend(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra, inputs: Sequence[Input]
) -> Probabilities:
    """Returns the mean of kernel ridge and randomised trees on the same inputs."""
    recipe = ModelState({}, state.metadata | {"hyperparameters": {"min_samples_leaf": 1}})
    ridge = predict_kernel_ridge(state, train, test, inputs)
    return (ridge + predict_trees(recipe, train, test, inputs)) / 2


def _kernel(
    rows: LabelledSpectra, columns: LabelledSpectra, inputs: Sequence[Input], minerals: list[str]
) -> Probabilities:
    from sklearn.metrics.pairwise import rbf_kernel

    kernel = np.zeros((len(rows), len(columns)))
    for name in inputs:
        a, b = (feature_block(spectra, name, minerals) for spectra in (rows, columns))
        kernel += rbf_kernel(a.astype(np.float64), b.astype(np.float64), gamma=1.0)
    return kernel
