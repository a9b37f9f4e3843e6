"""Model families behind one interface, and their registry.

What belongs here: the interface and the registry. What does not: the methods (see `families`),
model selection and calibration (see `fitting`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.families import (
    baselines,
    kernel_ridge,
    sklearn_models,
)
from raman_pipeline.learning.geolocation.features import Input
from raman_pipeline.learning.geolocation.fit_context import FitContext, Hyperparameters
from raman_pipeline.learning.training.presets import PresetName

Fit = Callable[[LabelledSpectra, FitContext], ModelState]
Predict = Callable[[ModelState, LabelledSpectra, LabelledSpectra], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Family:
    """A method of fitting and prediction.

    Attributes:
        name: prefix of its assets.
        title: for figures and tables.
        description: one sentence.
        fit: from training set and context to a state.
        predict: from state, training set and test set to float64 [n, classes].
        inputs: feature blocks or columns that it uses.
        param_grid: hyperparameters among which the inner validation selects.
        preset: of its network; None for families without one.
        uses: settings that its fit depends on.
        baseline: whether models are compared with it.
        version: code version; raise it when its numbers change.
    """

    name: str
    title: str
    description: str
    fit: Fit
    predict: Predict
    inputs: tuple[str, ...] = ("spectrum",)
    param_grid: tuple[Hyperparameters, ...] = ({},)
    preset: PresetName | None = None
    uses: tuple[str, ...] = ()
    baseline: bool = True
    version: str = "4"


def trees(name: str, title: str, inputs: tuple[Input, ...]) -> Family:
    """Returns extremely randomised trees on some inputs."""
    return Family(
        name,
        title,
        f"Extremely randomised trees on {_listed(inputs)}.",
        sklearn_models.fit_recipe,
        partial(sklearn_models.predict_trees, inputs=inputs),
        inputs,
        sklearn_models.TREE_GRID,
        uses=("forest",),
    )


def support_vectors(name: str, title: str, inputs: tuple[Input, ...]) -> Family:
    """Returns an RBF support-vector machine on some inputs."""
    return Family(
        name,
        title,
        f"Support-vector machine with an RBF kernel on {_listed(inputs)}.",
        sklearn_models.fit_recipe,
        partial(sklearn_models.predict_svm, inputs=inputs),
        inputs,
        sklearn_models.SVM_GRID,
        version="5",
    )


def blend(name: str, title: str, inputs: tuple[Input, ...]) -> Family:
    """Returns the mean of kernel ridge and randomised trees on some inputs."""
    return Family(
        name,
        title,
        f"Mean of kernel ridge and randomised trees on {_listed(inputs)}.",
        partial(kernel_ridge.fit_kernel_ridge, inputs=inputs),
        partial(kernel_ridge.predict_blend, inputs=inputs),
        inputs,
        kernel_ridge.RIDGE_GRID,
        uses=("forest",),
        baseline=False,
        version="6",
    )


def memorisation(name: str, title: str, description: str, column: str) -> Family:
    """Returns a baseline that memorises the training countries of each value of a column."""
    return Family(
        name,
        title,
        description,
        lambda train, _: baselines.fit_memorisation(train, column),
        partial(baselines.predict_memorisation, column=column),
        (column,),
    )


def _convnext(
    name: str,
    title: str,
    description: str,
    preset: PresetName,
    param_grid: tuple[Hyperparameters, ...] = ({},),
    version: str = "4",
) -> Family:
    """Returns a ConvNeXt1D; its hyperparameters replace fields of the preset."""
    return Family(
        name,
        title,
        description,
        partial(_fit_convnext, preset=preset),
        _predict_convnext,
        param_grid=param_grid,
        preset=preset,
        uses=("training",),
        baseline=False,
        version=version,
    )


def _fit_convnext(train: LabelledSpectra, context: FitContext, preset: PresetName) -> ModelState:
    # The import of torch takes seconds, and only this family needs it.
    from raman_pipeline.learning.geolocation.families.convnext import fit_convnext

    chosen = context.presets[preset].model_copy(update=context.hyperparameters)
    return fit_convnext(train, context, chosen)


def _predict_convnext(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> npt.NDArray[np.float64]:
    from raman_pipeline.learning.geolocation.families.convnext import predict_convnext

    return predict_convnext(state, train, test)


def _fit_random_convolutions(train: LabelledSpectra, context: FitContext) -> ModelState:
    from raman_pipeline.learning.geolocation.families.random_convolutions import (
        fit_random_convolutions,
    )

    return fit_random_convolutions(train, context)


def _predict_random_convolutions(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> npt.NDArray[np.float64]:
    from raman_pipeline.learning.geolocation.families.random_convolutions import (
        predict_random_convolutions,
    )

    return predict_random_convolutions(state, train, test)


def _listed(inputs: tuple[Input, ...]) -> str:
    return ", ".join(name.replace("_", " ") for name in inputs)


WITH_CHEMISTRY: tuple[Input, ...] = ("spectrum", "ideal_chemistry")

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "majority",
            "majority class",
            "Predicts the most frequent country of the training set.",
            lambda train, _: baselines.fit_majority(train),
            baselines.predict_majority,
            (),
        ),
        memorisation(
            "mineral_memorisation",
            "mineral memorisation",
            "Predicts the most frequent country of the mineral; uses no spectrum.",
            "mineral",
        ),
        memorisation(
            "specimen_memorisation",
            "specimen memorisation",
            "Predicts the country of the same specimen if it is in training, else the most "
            "frequent one: the accuracy of leakage alone.",
            "rruff_id",
        ),
        Family(
            "nearest_neighbour",
            "1-NN cosine",
            "Predicts the country of the most similar training spectrum (cosine of square roots).",
            lambda train, _: baselines.fit_nearest_neighbour(train),
            baselines.predict_nearest_neighbour,
        ),
        support_vectors("rbf_svm", "RBF-SVM", ("spectrum",)),
        trees("extra_trees", "ExtraTrees", ("spectrum",)),
        Family(
            "random_convolutions",
            "random convolutions",
            "Ridge regression on the features of random convolutions, similar to MiniRocket.",
            _fit_random_convolutions,
            _predict_random_convolutions,
            param_grid=({"ridge": 0.1}, {"ridge": 1.0}, {"ridge": 10.0}),
            version="6",
        ),
        support_vectors("chemistry_svm", "RBF-SVM + chemistry", WITH_CHEMISTRY),
        trees("chemistry_trees", "ExtraTrees + chemistry", WITH_CHEMISTRY),
        _convnext(
            "convnext1d_paper",
            "ConvNeXt1D (paper)",
            "One-dimensional ConvNeXt with the parameters that Pappone (2024) states.",
            "paper",
        ),
        _convnext(
            "convnext1d",
            "ConvNeXt1D",
            "One-dimensional ConvNeXt with the default preset, augmented or not.",
            "default",
            # Augmentation helps with new specimens, and hinders the recognition of known ones.
            param_grid=({}, {"augmentation": None}),
            version="5",
        ),
        blend("chemistry_blend", "blend + chemistry", WITH_CHEMISTRY),
    )
}
