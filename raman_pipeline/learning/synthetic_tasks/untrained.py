"""Untrained baselines: smoothed spectra, peak lists, non-negative least squares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.jit import compiled
from raman_pipeline.learning.synthetic_tasks.peak_lists import PeakLists, preprocessed
from raman_pipeline.spectra.normalise import unit_vectors
from raman_pipeline.spectra.unmixing import nonnegative_weights

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

SMOOTHINGS = (10.0, 20.0, 35.0, 50.0, 70.0, 100.0)
"""Candidates for the standard deviation of the Gaussian, points; chosen on the validation set."""
_STEP = 5
"""One in so many points is kept: half of the narrowest smoothing."""
_BATCH = 500
_DEVIATIONS = np.array([[29.0], [0.03]])
"""Standard deviations of positions (points) and heights in training: uniform ±50 and ±0.05."""


def downsampled(spectra: npt.NDArray[np.float32]) -> Vectors:
    """Returns every fifth point of spectra [n, m] after the narrowest smoothing.

    Noisy ones are baseline-corrected first, as for peak lists.
    """
    from scipy.ndimage import gaussian_filter1d

    parts = []
    for start in range(0, len(spectra), _BATCH):
        batch, _ = preprocessed(np.asarray(spectra[start : start + _BATCH], dtype=np.float32))
        smooth = gaussian_filter1d(np.clip(batch, 0, None), SMOOTHINGS[0], axis=1, mode="constant")
        parts.append(smooth[:, ::_STEP])
    return np.concatenate(parts)


def smoothed(coarse: Vectors, deviation: float) -> Vectors:
    """Returns unit vectors of downsampled spectra, smoothed further.

    Args:
        coarse: as `downsampled` returns them, float32 [n, m / 5].
        deviation: of the Gaussian in total, points; one of SMOOTHINGS.
    """
    from scipy.ndimage import gaussian_filter1d

    more = np.sqrt(deviation**2 - SMOOTHINGS[0] ** 2) / _STEP
    smooth = gaussian_filter1d(coarse, more, axis=1, mode="constant") if more > 0 else coarse
    return unit_vectors(smooth)


def nearest(reference: Vectors, label: Labels, query: Vectors) -> Labels:
    """Returns the label of the nearest reference by cosine for each query."""
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
    """Returns the class of the nearest mean list, among those with the same number of peaks.

    The mean list of a class is that of its lists with the most frequent number of peaks. If no
    class has the number of peaks of a query, those with the nearest number are compared.
    """
    classes = np.unique(label)
    counts = np.array([_most_frequent(training.counts[label == c]) for c in classes])
    means = np.zeros((len(classes), *training.peaks.shape[1:]))
    for i, c in enumerate(classes):
        means[i] = training.peaks[(label == c) & (training.counts == counts[i])].mean(axis=0)
    found = np.empty(len(test), dtype=np.int64)
    for row in range(len(test)):
        difference = np.abs(counts - test.counts[row])
        same = np.flatnonzero(difference == difference.min())
        distance = ((means[same] - test.peaks[row]) / _DEVIATIONS) ** 2
        found[row] = classes[same[distance.sum(axis=(1, 2)).argmin()]]
    return found


def _most_frequent(counts: npt.NDArray[np.int64]) -> int:
    values, frequency = np.unique(counts, return_counts=True)
    return int(values[frequency.argmax()])


def components_by_least_squares(
    means: Vectors, classes: Labels, mixtures: Vectors, count: int
) -> Labels:
    """Returns the classes of the largest non-negative weights, int64 [n, count]."""
    weights = nonnegative_weights(means, mixtures)
    return np.sort(classes[np.argsort(-weights, axis=1)[:, :count]], axis=1)


def components_by_sums(means: Vectors, classes: Labels, mixtures: Vectors, count: int) -> Labels:
    """Returns the classes whose sum of means is nearest to each mixture, int64 [n, count].

    The search is exhaustive, as in Vorozhtsov & Kitina (2024); sums are not stored.

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
