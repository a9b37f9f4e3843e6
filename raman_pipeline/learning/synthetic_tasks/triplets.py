"""The triplet loss of Vorozhtsov & Kitina (2024): random triplets, and a cut-off for small terms.

The losses of pytorch-metric-learning have no such cut-off, and mine their triplets within a batch.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from raman_pipeline.learning.synthetic_tasks.presets import EmbeddingPreset
from raman_pipeline.learning.training.device import compiled_where_it_pays
from raman_pipeline.universal_synthetic.dataset import Labelled

_CPU_STEPS = 100
"""Compiling takes half a minute, a step of 128 triplets more than a second."""


def cut_triplet_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float, cut: float
) -> tuple[Tensor, Tensor]:
    """Returns the mean loss of triplets of unit vectors [n, size], and the fraction of active ones.

    A term is (1 − cos(a, p)) − (1 − cos(a, n)) + margin; those up to `cut` are inactive. The
    loss is zero if none is active.
    """
    near = nn.functional.cosine_similarity(anchor, positive)
    far = nn.functional.cosine_similarity(anchor, negative)
    terms = (1 - near) - (1 - far) + margin
    active = terms > cut
    return (terms * active).sum() / active.sum().clamp(min=1), active.float().mean()


class Triplets:
    """Each spectrum is an anchor once per epoch, with a random positive and negative.

    For mixtures the positive is another spectrum of the anchor's class plus one of a second class,
    and the negative two spectra of that second class; narrow spectra dominate a sum. Anchors,
    positives and negatives are then distributed differently, and batch normalisation sees them in
    three batches, as everywhere in the authors' code.
    """

    measure = "active triplets"

    def __init__(
        self,
        model: nn.Module,
        training: Labelled,
        preset: EmbeddingPreset,
        mixtures: bool,
    ) -> None:
        device = next(model.parameters()).device
        self.preset, self.mixtures = preset, mixtures
        label = training.label
        order = np.argsort(label, kind="stable")
        self.x = torch.from_numpy(np.ascontiguousarray(training.spectra[order])).to(device)
        self.top = torch.from_numpy(training.top[order])[:, None].to(device)
        found, first, sizes = np.unique(label[order], return_index=True, return_counts=True)
        self.y = torch.from_numpy(np.searchsorted(found, label[order]))
        self.first, self.sizes = torch.from_numpy(first), torch.from_numpy(sizes)
        steps = preset.epochs * (len(label) // preset.batch_size + 1)
        self.forward = compiled_where_it_pays(model, device, steps, _CPU_STEPS)

    def batches(self, batch_size: int) -> Iterable[Tensor]:
        """Returns the anchors of an epoch."""
        return torch.randperm(len(self.y)).split(batch_size)

    def loss(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the loss of a batch, and the fraction of its active triplets."""
        triplets = self.draw(rows)
        if self.mixtures:
            anchor, positive, negative = (self.forward(self._noisy(part)) for part in triplets)
        else:
            anchor, positive, negative = self.forward(self._noisy(torch.cat(triplets))).chunk(3)
        return cut_triplet_loss(anchor, positive, negative, self.preset.margin, self.preset.cut)

    def draw(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns anchors, positives and negatives, each [n, points], without noise."""
        own = self.y[rows]
        other = (own + torch.randint(1, len(self.sizes), own.shape)) % len(self.sizes)
        positive, negative = self._another(rows, own), self._drawn(other)
        if self.mixtures:
            return (
                self.x[rows],
                self._mixed(positive, self._drawn(other)),
                self._mixed(negative, self._drawn(other)),
            )
        return self.x[rows], self.x[positive], self.x[negative]

    def _noisy(self, spectra: Tensor) -> Tensor:
        return spectra + self.preset.noise * torch.randn_like(spectra)

    def _drawn(self, labels: Tensor) -> Tensor:
        """Returns a random row of each class."""
        return self.first[labels] + (torch.rand(len(labels)) * self.sizes[labels]).long()

    def _another(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Returns a random row of each class, other than the given one."""
        step = 1 + (torch.rand(len(rows)) * (self.sizes[labels] - 1)).long()
        return self.first[labels] + (rows - self.first[labels] + step) % self.sizes[labels]

    def _mixed(self, first: Tensor, second: Tensor) -> Tensor:
        """Returns sums of spectra before their normalisation to a maximum of 1."""
        total = self.x[first] * self.top[first] + self.x[second] * self.top[second]
        return total / total.amax(dim=1, keepdim=True)
