"""Similarity of spectra: the cosine of square-rooted intensities, computed in chunks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.spectra.normalise import unit_vectors

_CHUNK = 512


def unit_root(intensity: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns square roots of unit length, [n, m]; flat spectra stay zero.

    The root gives weak bands more weight.
    """
    return unit_vectors(np.sqrt(np.clip(intensity, 0, None)))


def best_by_class(
    query: npt.NDArray[np.float32],
    reference: npt.NDArray[np.float32],
    label: npt.NDArray[np.int64],
    classes: int,
) -> npt.NDArray[np.float64]:
    """Returns the cosine to the most similar reference of each class, [q, classes].

    -1 for a class without a reference spectrum.
    """
    best = np.full((len(query), classes), -1.0)
    order = np.argsort(label, kind="stable")
    present, starts = np.unique(label[order], return_index=True)
    for start in range(0, len(query), _CHUNK):
        rows = slice(start, start + _CHUNK)
        similarity = query[rows] @ reference[order].T
        best[rows, present] = np.maximum.reduceat(similarity, starts, axis=1)
    return best
