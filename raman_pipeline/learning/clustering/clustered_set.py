"""The spectra that the paper's method clusters: measured ones and augmented ones.

What belongs here: putting them together. What does not: how a copy is made (see
`raman_pipeline.spectra.peaks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.spectra.peaks import modulated


def clustered_set(
    corpus: Corpus,
    minerals: Iterable[str],
    augmented_of: str,
    copies: int,
    amplitude: float,
    noise: float,
    seed: int,
) -> Corpus:
    """Returns the spectra of some minerals, followed by augmented copies of one of them.

    Args:
        corpus: all spectra.
        minerals: which are clustered.
        augmented_of: the mineral whose spectra are copied, in turn.
        copies: how many copies in all.
        amplitude: peak heights vary by this factor.
        noise: standard deviation added.
        seed: of the copies.

    Returns:
        A corpus whose `metadata` has two columns more: `file`, the name, and `augmented`. The
        `member_id` of a copy is its parent's.

    Raises:
        ValueError: there is no spectrum to cluster, or none to be copied.
    """
    chosen_minerals = list(minerals)
    measured = corpus.of_minerals(chosen_minerals)
    if not len(measured):
        raise ValueError(
            f"no spectrum of {', '.join(chosen_minerals)}; name others in clustering.minerals"
        )
    parents = np.flatnonzero((measured.metadata["mineral"] == augmented_of).to_numpy())
    if not len(parents) and copies:
        raise ValueError(
            f"no spectrum of {augmented_of} to make augmented ones of; name another mineral in "
            "clustering.augmented_of, or set clustering.copies to 0"
        )
    chosen = parents[np.arange(copies) % max(len(parents), 1)]
    rng = np.random.default_rng(seed)
    made = [modulated(measured.intensity[i], rng, amplitude, noise) for i in chosen]
    names = [f"augmented_{i}.txt" for i in range(copies)]
    metadata = pd.concat(
        [
            measured.metadata.assign(file=measured.metadata["member"], augmented=False),
            measured.metadata.iloc[chosen].assign(file=names, augmented=True),
        ],
        ignore_index=True,
    )
    return replace(corpus, intensity=np.stack([*measured.intensity, *made]), metadata=metadata)
