"""What nothing was trained for: smoothed spectra, peak lists, non-negative least squares.

What belongs here: the baselines that a model has to beat. What does not: models (see
`embedding`, `peak_model`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from raman_pipeline.common.jit import compiled
from raman_pipeline.learning.synthetic_tasks.peak_lists import PeakLists, levelled
from raman_pipeline.spectra.normalise import unit_vectors
from raman_pipeline.spectra.unmixing import nonnegative_weights

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

SMOOTHINGS = (10.0, 20.0, 35.0, 50.0, 70.0, 100.0)
"""Deviations, in points, that the validation chooses among."""
_STEP = 5
"""Every so many points are kept: half of the narrowest smoothing."""
_BATCH = 500
_SHIFT, _HEIGHT = 29.0, 0.03
"""Deviations of positions (points) and heights in training: uniform ±50 and ±0.05."""


def thinned(spectra: npt.NDArray[np.float32]) -> Vectors:
    """Returns spectra [n, m] under the narrowest smoothing, every fifth point of them.

    Noisy ones are levelled first, so that the baseline meets no background either.
    """
    parts = []
    for start in range(0, len(spectra), _BATCH):
        batch, _ = levelled(np.asarray(spectra[start : start + _BATCH], dtype=np.float32))
        smooth = gaussian_filter1d(np.clip(batch, 0, None), SMOOTHINGS[0], axis=1, mode="constant")
        parts.append(smooth[:, ::_STEP])
    return np.concatenate(parts)


def smoothed(thin: Vectors, deviation: float) -> Vectors:
    """Returns unit vectors of spectra that `thinned` gave, smoothed on to a deviation.

    Args:
        thin: float32 [n, m / 5].
        deviation: of the Gaussian in all, points; one of SMOOTHINGS.
    """
    more = np.sqrt(deviation**2 - SMOOTHINGS[0] ** 2) / _STEP
    smooth = gaussian_filter1d(thin, more, axis=1, mode="constant") if more > 0 else thin
    return unit_vectors(smooth)


def nearest(reference: Vectors, label: Labels, query: Vectors) -> Labels:
    """Returns the label of the reference with the greatest cosine for each query."""
    found = [
        label[(query[start : start + _BATCH] @ reference.T).argmax(axis=1)]
        for start in range(0, len(query), _BATCH)
    ]
    return np.concatenate(found)


def class_means(vectors: npt.NDArray[np.floating], label: Labels) -> tuple[Vectors, Labels]:
    """Returns the mean of each class as a unit vector, and its label."""
    classes = np.unique(label)
    means = np.stack([vectors[label == c].mean(axis=0) for c in classes])
    return unit_vectors(means).astype(np.float32), classes


def nearest_peak_list(training: PeakLists, label: Labels, test: PeakLists) -> Labels:
    """Returns the class whose mean list is nearest, among those with as many peaks.

    A class's list is the mean of those of its lists that have its commonest number of peaks. For
    a number of peaks that no class has, those with the nearest number are compared by their first
    peaks.
    """
    classes = np.unique(label)
    counts = np.array([_commonest(training.counts[label == c]) for c in classes])
    shape = (len(classes), training.positions.shape[1])
    positions, heights = np.zeros(shape), np.zeros(shape)
    for i, c in enumerate(classes):
        rows = np.flatnonzero((label == c) & (training.counts == counts[i]))
        positions[i], heights[i] = (
            training.positions[rows].mean(axis=0),
            training.heights[rows].mean(axis=0),
        )
    found = np.empty(len(test), dtype=np.int64)
    for row in range(len(test)):
        apart = np.abs(counts - test.counts[row])
        same = np.flatnonzero(apart == apart.min())
        distance = (((positions[same] - test.positions[row]) / _SHIFT) ** 2).sum(axis=1)
        distance += (((heights[same] - test.heights[row]) / _HEIGHT) ** 2).sum(axis=1)
        found[row] = classes[same[distance.argmin()]]
    return found


def _commonest(counts: npt.NDArray[np.int64]) -> int:
    values, often = np.unique(counts, return_counts=True)
    return int(values[often.argmax()])


def components_by_least_squares(
    means: Vectors, classes: Labels, mixtures: Vectors, count: int
) -> Labels:
    """Returns the classes of the greatest non-negative shares, int64 [n, count]."""
    shares = nonnegative_weights(means, mixtures)
    return np.sort(classes[np.argsort(-shares, axis=1)[:, :count]], axis=1)


def components_by_sums(means: Vectors, classes: Labels, mixtures: Vectors, count: int) -> Labels:
    """Returns the classes whose sum of means is most like each mixture, int64 [n, count].

    All sets are looked at, as Vorozhtsov & Kitina (2024) do; their sums are not stored.

    Args:
        means: unit vectors, [classes, size].
        classes: their labels.
        mixtures: unit vectors, [n, size].
        count: 1 to 4.
    """
    similarity = np.ascontiguousarray((mixtures @ means.T).T)
    found = np.empty((len(mixtures), count), dtype=np.int64)
    _best_sets(similarity, means @ means.T, found)
    return np.sort(classes[found], axis=1)


@compiled(fastmath=True)
def _best_sets(similarity: Vectors, gram: Vectors, found: Labels) -> None:
    classes, queries = similarity.shape
    count = found.shape[1]
    best = np.full(queries, -np.inf, dtype=np.float32)
    members = np.arange(count)
    partial = np.zeros(queries, dtype=np.float32)
    while True:
        square = np.float32(0.0)
        for a in range(count):
            for b in range(count):
                square += gram[members[a], members[b]]
        scale = np.float32(1.0) / np.sqrt(square)
        partial[:] = similarity[members[0]]
        for a in range(1, count):
            partial += similarity[members[a]]
        for q in range(queries):
            value = partial[q] * scale
            if value > best[q]:
                best[q] = value
                found[q, :] = members
        # The next set in lexicographic order.
        place = count - 1
        while place >= 0 and members[place] == classes - count + place:
            place -= 1
        if place < 0:
            break
        members[place] += 1
        for a in range(place + 1, count):
            members[a] = members[a - 1] + 1
