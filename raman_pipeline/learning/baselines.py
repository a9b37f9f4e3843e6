"""Baselines: what must be beaten before a model is worth a word.

What belongs here: fitted states and predictions of methods that learn nothing, or
look up. What does not: the registry of families (see `families`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.labelled import LabelledSpectra, ModelState

Probabilities = npt.NDArray[np.float64]
_CHUNK = 512


def fit_majority(train: LabelledSpectra) -> ModelState:
    """Remembers how common each country is."""
    return ModelState({"prior": _prior(train)})


def predict_majority(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    """Gives every spectrum the training frequencies, float64 [n, classes]."""
    return np.tile(state.arrays["prior"], (len(test), 1))


def fit_mineral_lookup(train: LabelledSpectra) -> ModelState:
    """Counts countries for each mineral name; the spectrum itself is not used."""
    minerals = sorted(train.about["mineral"].unique())
    row = {mineral: i for i, mineral in enumerate(minerals)}
    counts = np.zeros((len(minerals), len(train.classes)))
    np.add.at(counts, (train.about["mineral"].map(row).to_numpy(np.int64), train.label), 1)
    return ModelState({"counts": counts, "prior": _prior(train)}, {"minerals": minerals})


def predict_mineral_lookup(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    """Gives the frequencies of the mineral's countries; the overall ones if it is new.

    The overall frequencies count as one further observation, which orders countries
    that the mineral was never seen in.
    """
    row = {mineral: i for i, mineral in enumerate(state.about["minerals"])}
    prior, counts = state.arrays["prior"], state.arrays["counts"]
    with_none = np.vstack([counts, np.zeros(len(prior))])
    chosen = with_none[[row.get(m, len(counts)) for m in test.about["mineral"]]]
    return (chosen + prior) / (chosen.sum(axis=1, keepdims=True) + 1)


def fit_nearest_neighbour(train: LabelledSpectra) -> ModelState:
    """Nothing is fitted: the training side itself is the model."""
    return ModelState({"prior": _prior(train)}, {"training_spectra": len(train)})


def predict_nearest_neighbour(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    """Ranks countries by their most similar training spectrum.

    Similarity is the cosine of square-rooted intensities. The scores are a sharp
    softmax of it, so that the order is that of the neighbours; they are not
    calibrated.
    """
    reference, query = _unit_sqrt(train.intensity), _unit_sqrt(test.intensity)
    best = np.full((len(test), len(train.classes)), -1.0)
    order = np.argsort(train.label, kind="stable")
    classes, starts = np.unique(train.label[order], return_index=True)
    for start in range(0, len(test), _CHUNK):
        similarity = query[start : start + _CHUNK] @ reference[order].T
        best[start : start + _CHUNK, classes] = np.maximum.reduceat(similarity, starts, axis=1)
    scores = np.exp((best - best.max(axis=1, keepdims=True)) / 0.01) * (best > -1)
    # Countries without a training spectrum come last, in the order of their frequency.
    scores = scores + 1e-300
    return scores / scores.sum(axis=1, keepdims=True)


def _prior(train: LabelledSpectra) -> Probabilities:
    return np.bincount(train.label, minlength=len(train.classes)) / max(len(train), 1)


def _unit_sqrt(intensity: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    root = np.sqrt(np.clip(intensity, 0, None))
    norm = np.linalg.norm(root, axis=1, keepdims=True)
    norm[norm == 0] = 1
    return root / norm
