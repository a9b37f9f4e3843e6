"""Distances of embeddings within and between classes (Vorozhtsov 2024, Figure 1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_PAIRS = 20_000


def pair_distances(
    vectors: npt.NDArray[np.float32], label: npt.NDArray[np.int64], seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns Euclidean distances of random pairs of one class, and of different classes.

    Args:
        vectors: unit vectors, float32 [n, size].
        label: int64 [n].
        seed: of the pairs.
    """
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(label), _PAIRS)
    anywhere = rng.integers(0, len(label), _PAIRS)
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], label[first])
    sizes = np.searchsorted(label[order], label[first], side="right") - starts
    mate = order[starts + (rng.random(_PAIRS) * sizes).astype(np.int64)]
    own, foreign = mate != first, label[anywhere] != label[first]
    same = np.linalg.norm(vectors[first[own]] - vectors[mate[own]], axis=1)
    other = np.linalg.norm(vectors[first[foreign]] - vectors[anywhere[foreign]], axis=1)
    return same, other
