"""The spectra that the paper's method clusters: measured and augmented ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.spectra.peaks import modulated


def clustered_set(
    corpus: Corpus,
    minerals: Collection[str],
    augmented_of: str,
    copies: int,
    amplitude: float,
    noise: float,
    seed: int,
) -> Corpus:
    """Returns the spectra of some minerals, followed by augmented copies of one of them.

    Args:
        corpus: all spectra.
        minerals: minerals to cluster.
        augmented_of: the mineral whose spectra are copied, in turn.
        copies: total number of copies.
        amplitude: peak heights are multiplied by uniform factors in 1 ± amplitude.
        noise: standard deviation of the added noise.
        seed: of the copies.

    Returns:
        A corpus whose `metadata` has two more columns, `file` (a file name) and `augmented`.
        The `member_id` of a copy is its parent's.

    Raises:
        ValueError: there is no spectrum to cluster, or none to copy.
    """
    measured = corpus.of_minerals(minerals)
    if not len(measured):
        raise ValueError(f"no spectrum of {', '.join(minerals)}; set other clustering.minerals")
    parents = np.flatnonzero((measured.metadata["mineral"] == augmented_of).to_numpy())
    if not len(parents) and copies:
        raise ValueError(
            f"no spectrum of {augmented_of} to augment; set another mineral in "
            "clustering.augmented_of, or clustering.copies to 0"
        )
    chosen = parents[np.arange(copies) % max(len(parents), 1)]
    rng = np.random.default_rng(seed)
    made = [modulated(measured.intensity[i], rng, amplitude, noise) for i in chosen]
    files = [f"augmented_{i}.txt" for i in range(copies)]
    metadata = pd.concat(
        [
            measured.metadata.assign(file=measured.metadata["member"], augmented=False),
            measured.metadata.iloc[chosen].assign(file=files, augmented=True),
        ],
        ignore_index=True,
    )
    return replace(corpus, intensity=np.stack([*measured.intensity, *made]), metadata=metadata)
