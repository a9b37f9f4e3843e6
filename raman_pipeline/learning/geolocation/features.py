"""Feature blocks of the scikit-learn families: the spectrum and its covariates, one per input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.similarity import unit_root
from raman_pipeline.learning.training.presets import CROP

Input = Literal["spectrum", "ideal_chemistry", "measured_chemistry", "laser", "mineral"]
INPUTS: tuple[Input, ...] = get_args(Input)

_PRESENCE = 0.3
"""Weight of the presence of an element relative to the root of its fraction."""
_LASERS_NM = (514.0, 532.0, 780.0, 785.0)

Block = npt.NDArray[np.float32]


def feature_block(spectra: LabelledSpectra, chosen: Input, minerals: Iterable[str] = ()) -> Block:
    """Returns one input as float32 [n, features], scaled so that distances are comparable.

    Args:
        spectra: with covariates for all inputs but `spectrum` and `mineral`.
        chosen: the input.
        minerals: names with a column of their own; others are all zeros.
    """
    metadata = spectra.metadata
    if chosen == "spectrum":
        inside = (spectra.grid >= CROP[0]) & (spectra.grid <= CROP[1])
        return unit_root(spectra.intensity[:, inside])
    if chosen == "mineral":
        names = np.array(list(minerals), dtype=object)
        return (metadata["mineral"].to_numpy(object)[:, None] == names).astype(np.float32)
    if chosen == "laser":
        lasers = metadata["wavelength_nm"].to_numpy(float)
        return (lasers[:, None] == np.array(_LASERS_NM)).astype(np.float32)
    composition = np.stack(list(metadata[chosen.replace("chemistry", "composition")]))
    present = _PRESENCE * (composition > 0)
    return np.hstack([np.sqrt(composition), present]).astype(np.float32)


def feature_matrices(
    train: LabelledSpectra, test: LabelledSpectra, inputs: Iterable[Input]
) -> tuple[Block, Block]:
    """Returns the concatenated inputs of training and test set, [n, features] each."""
    minerals = sorted(train.metadata["mineral"].unique())
    both = [[feature_block(s, name, minerals) for name in inputs] for s in (train, test)]
    return np.hstack(both[0]), np.hstack(both[1])
