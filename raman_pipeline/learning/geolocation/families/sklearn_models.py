"""Support-vector machines and randomised trees of scikit-learn as model families.

The stored state is a recipe, hyperparameters and seed: the classifier is fitted in the prediction
step, always to the same result. A stored forest of 77 countries would take a gigabyte, and
scikit-learn stores models as pickles only, which execute code when they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.families.baselines import Probabilities
from raman_pipeline.learning.geolocation.features import Block, Input, feature_matrices
from raman_pipeline.learning.geolocation.fit_context import FitContext, Hyperparameters

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

SVM_GRID: tuple[Hyperparameters, ...] = ({"C": 1.0}, {"C": 10.0}, {"C": 100.0})
TREE_GRID: tuple[Hyperparameters, ...] = ({"min_samples_leaf": 1}, {"min_samples_leaf": 3})


def fit_recipe(train: LabelledSpectra, context: FitContext) -> ModelState:
    """Returns the recipe of a classifier, which `predict_svm` and `predict_trees` fit."""
    return ModelState(
        {"training_spectra": np.array([len(train)])},
        {
            "seed": context.seed,
            "trees": context.trees,
            "hyperparameters": dict(context.hyperparameters),
        },
    )


def predict_svm(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra, inputs: Sequence[Input]
) -> Probabilities:
    """Returns a softmax over the one-vs-rest decisions of an RBF support-vector machine."""
    from scipy.special import softmax
    from sklearn.svm import SVC

    def decide(x: Block, query: Block) -> tuple[np.ndarray, Probabilities]:
        machine = SVC(gamma="scale", **state.metadata["hyperparameters"]).fit(x, train.label)
        decision = machine.decision_function(query)
        if decision.ndim == 1:  # two classes
            decision = np.stack([-decision, decision], axis=1)
        return machine.classes_, softmax(decision, axis=1)

    return _all_classes(train, test, inputs, decide)


def predict_trees(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra, inputs: Sequence[Input]
) -> Probabilities:
    """Returns the mean over extremely randomised trees (Geurts et al. 2006)."""
    from sklearn.ensemble import ExtraTreesClassifier

    def decide(x: Block, query: Block) -> tuple[np.ndarray, Probabilities]:
        forest: ClassifierMixin = ExtraTreesClassifier(
            state.metadata["trees"],
            random_state=state.metadata["seed"],
            **state.metadata["hyperparameters"],
        ).fit(x, train.label)
        return forest.classes_, forest.predict_proba(query)

    return _all_classes(train, test, inputs, decide)


def _all_classes(
    train: LabelledSpectra,
    test: LabelledSpectra,
    inputs: Sequence[Input],
    decide: Callable[[Block, Block], tuple[np.ndarray, Probabilities]],
) -> Probabilities:
    """Returns [n, classes], zero for countries without training spectra."""
    x, query = feature_matrices(train, test, inputs)
    probabilities = np.zeros((len(test), len(train.classes)))
    if len(np.unique(train.label)) == 1:
        probabilities[:, train.label[0]] = 1
        return probabilities
    classes, found = decide(x, query)
    probabilities[:, classes] = found
    return probabilities
