"""Inputs of the classical families: the spectrum, and what else is known of it.

What belongs here: turning labelled spectra into blocks of numbers, one block an input.
What does not: which inputs a family takes (see `families`), reading chemistry (see
`raman_pipeline.rruff.chemistry`).
"""

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
"""Weight of an element's mere presence beside the root of its fraction: traces count."""
_LASERS_NM = (514.0, 532.0, 780.0, 785.0)

Block = npt.NDArray[np.float32]


def feature_block(spectra: LabelledSpectra, chosen: Input, minerals: Iterable[str] = ()) -> Block:
    """Returns one input as float32 [n, features], scaled so that distances mean something.

    Args:
        spectra: must carry the facts for all inputs but `spectrum` and `mineral`.
        chosen: which input.
        minerals: names that get a column of their own; others are all zeros.
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
    """Returns the inputs of both sides beside each other, [n, features] each."""
    minerals = sorted(train.metadata["mineral"].unique())
    sides = [[feature_block(side, name, minerals) for name in inputs] for side in (train, test)]
    return np.hstack(sides[0]), np.hstack(sides[1])
