"""Model families: everything that can be fitted on one fold, behind one interface.

What belongs here: the interface and the registry. What does not: the methods
themselves (see `baselines`, `convnext_family`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning import baselines
from raman_pipeline.learning.labelled import LabelledSpectra, ModelState
from raman_pipeline.learning.presets import ConvNeXtPreset


@dataclass(frozen=True)
class FitContext:
    """What a fit may need besides data.

    Attributes:
        seed: of everything random.
        preset: of the networks.
        checkpoint: file for the state of a long fit; None keeps none.
        on_epoch: told of progress.
    """

    seed: int
    preset: ConvNeXtPreset
    checkpoint: Path | None = None
    on_epoch: Callable | None = None


@dataclass(frozen=True)
class Family:
    """A method: how it is fitted and how it predicts.

    Attributes:
        name: asset names derive from it.
        title: for figures and tables.
        description: one sentence.
        uses: the settings that its fit depends on.
        fit: training side and context to a state.
        predict: state, training side and test side to float64 [n, classes].
        baseline: whether a model should beat it.
    """

    name: str
    title: str
    description: str
    uses: tuple[str, ...]
    fit: Callable[[LabelledSpectra, FitContext], ModelState]
    predict: Callable[[ModelState, LabelledSpectra, LabelledSpectra], npt.NDArray[np.float64]]
    baseline: bool = True


def _fit_convnext(train: LabelledSpectra, context: FitContext) -> ModelState:
    # torch takes seconds to import, and only this family needs it.
    from raman_pipeline.learning.convnext_family import fit_convnext

    return fit_convnext(train, context)


def _predict_convnext(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> npt.NDArray[np.float64]:
    from raman_pipeline.learning.convnext_family import predict_convnext

    return predict_convnext(state, train, test)


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "majority",
            "majority class",
            "Gives every spectrum the commonest country of the training side.",
            (),
            lambda train, _: baselines.fit_majority(train),
            baselines.predict_majority,
        ),
        Family(
            "mineral_lookup",
            "mineral look-up",
            "Gives the commonest country of the mineral's name; never sees a spectrum.",
            (),
            lambda train, _: baselines.fit_mineral_lookup(train),
            baselines.predict_mineral_lookup,
        ),
        Family(
            "nearest_neighbour",
            "1-NN cosine",
            "Gives the country of the most similar training spectrum (cosine of square roots).",
            (),
            lambda train, _: baselines.fit_nearest_neighbour(train),
            baselines.predict_nearest_neighbour,
        ),
        Family(
            "convnext1d",
            "ConvNeXt1D",
            "One-dimensional ConvNeXt trained with schedule-free AdamW (Pappone 2024).",
            ("training",),
            _fit_convnext,
            _predict_convnext,
            baseline=False,
        ),
    )
}
