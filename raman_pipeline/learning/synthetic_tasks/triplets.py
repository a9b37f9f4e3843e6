"""What the embedding minimises: random triplets with a cut.

What belongs here: the loss and the draw of triplets (Vorozhtsov & Kitina 2024). The losses of
pytorch-metric-learning have no such cut, nor unmined triplets across batches. What does not:
the network (see `learning.models.spectrum_cnn`).
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
    """Returns the mean loss of triplets of unit vectors [n, size], and the share that counts.

    A term is (1 − cos(a, p)) − (1 − cos(a, n)) + margin; those up to `cut` are dropped. Zero
    where none is left.
    """
    near = nn.functional.cosine_similarity(anchor, positive)
    far = nn.functional.cosine_similarity(anchor, negative)
    terms = (1 - near) - (1 - far) + margin
    counts = terms > cut
    return (terms * counts).sum() / counts.sum().clamp(min=1), counts.float().mean()


class Triplets:
    """Every spectrum is an anchor once an epoch, with a random positive and negative.

    For mixtures the positive is another spectrum of the anchor's class plus one of a second class,
    and the negative two spectra of that second class; a narrow spectrum is the stronger part of a
    sum. Anchors, positives and negatives then differ in kind, and the network normalises each in a
    batch of its own, as the authors' code does throughout.
    """

    measure = "triplets that count"

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
        """Returns the loss of a batch, and the share of its triplets that count."""
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
        """Returns a random row of each class that is not the given one."""
        step = 1 + (torch.rand(len(rows)) * (self.sizes[labels] - 1)).long()
        return self.first[labels] + (rows - self.first[labels] + step) % self.sizes[labels]

    def _mixed(self, first: Tensor, second: Tensor) -> Tensor:
        """Returns sums of spectra as they were before their highest value was made 1."""
        total = self.x[first] * self.top[first] + self.x[second] * self.top[second]
        return total / total.amax(dim=1, keepdim=True)
