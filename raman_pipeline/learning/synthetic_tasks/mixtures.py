"""Mixtures of synthetic spectra, and the number of correct components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raman_pipeline.universal_synthetic.dataset import Labelled


@dataclass(frozen=True)
class Mixtures:
    """Sums of spectra of different classes.

    Attributes:
        spectra: float32 [n, points], the highest value of each is 1.
        classes: int64 [n, components], ascending.
    """

    spectra: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)


def mix(test: Labelled, components: int, seed: int) -> Mixtures:
    """Returns the sum of each spectrum with random spectra of other classes.

    Spectra are added before normalisation to a maximum of 1, as in Vorozhtsov & Kitina (2024):
    peaks of equal height then have equal area. The test spectra all have one width.
    """
    rng = np.random.default_rng([seed, components])
    classes = np.unique(test.label)
    rows_of = {c: np.flatnonzero(test.label == c) for c in classes}
    rows = np.empty((len(test), components), dtype=np.int64)
    for i, own in enumerate(test.label):
        others = rng.choice(classes[classes != own], components - 1, replace=False)
        rows[i] = [i, *(rng.choice(rows_of[c]) for c in others)]
    spectra = np.stack([test.top[r] @ test.spectra[r] for r in rows])
    spectra /= spectra.max(axis=1, keepdims=True)
    return Mixtures(spectra.astype(np.float32), np.sort(test.label[rows], axis=1))


def correct_components(
    predicted: npt.NDArray[np.int64], true: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Returns the number of true classes among the predicted ones, int64 [n].

    Args:
        predicted: [n, k], different classes in each row.
        true: [n, k].
    """
    return (predicted[:, :, None] == true[:, None, :]).any(axis=1).sum(axis=1)
