"""Training objective of a denoising autoencoder: reconstruction and a contrastive loss."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor

from raman_pipeline.learning.denoising.presets import AutoencoderPreset
from raman_pipeline.learning.models.transformer_autoencoder import TransformerAutoencoder
from raman_pipeline.learning.training.siblings import Siblings

TEMPERATURE = 0.1
"""Of the contrastive loss, as in Khosla et al. (2020)."""
_FLOOR = 1e-4
"""Variance added to that of the noise, so that weights of nearly clean spectra stay finite."""


class Denoising:
    """Reconstruction of clean spectra from noisy ones, optionally with a contrastive loss.

    The squared error is divided by the noise's variance, so that all noise levels count
    alike. With the contrastive loss each spectrum comes with another one of its specimen (with
    itself where there is none), and their projections are attracted to each other and repelled
    from those of other specimens (supervised contrastive loss, Khosla et al. 2020). Mineral
    names are not used.

    Args:
        model: on the device of the training.
        spectra: float32 [n, m], 0 to 1.
        specimens: int64 [n], equal for spectra of one specimen.
        preset: noise and weight of the contrastive loss.
    """

    measure = "mean squared error"

    def __init__(
        self,
        model: TransformerAutoencoder,
        spectra: npt.NDArray[np.float32],
        specimens: npt.NDArray[np.int64],
        preset: AutoencoderPreset,
    ) -> None:
        device = next(model.parameters()).device
        self.model, self.preset = model, preset
        self.x = torch.from_numpy(np.ascontiguousarray(spectra)).to(device)
        self.specimens = torch.from_numpy(specimens).to(device)
        self.siblings = Siblings(specimens, device)
        self.contrastive = SupConLoss(temperature=TEMPERATURE)

    def batches(self, batch_size: int) -> Iterable[Tensor]:
        """Returns all rows in random order, in batches."""
        return torch.randperm(len(self.x)).to(self.x.device).split(batch_size)

    def loss(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the loss of a batch and its mean squared error."""
        if self.preset.contrastive_weight:
            rows = torch.cat([rows, self.siblings.draw(rows)])
        clean = self.x[rows]
        deviation = self._deviations(len(rows))
        latents = self.model.encode(clean + deviation * torch.randn_like(clean))
        error = (self.model.decode(latents) - clean).square().mean(dim=1)
        loss = (error / (deviation[:, 0].square() + _FLOOR)).mean()
        if self.preset.contrastive_weight:
            contrast = self.contrastive(self.model.project(latents), self.specimens[rows])
            loss = loss + self.preset.contrastive_weight * contrast
        return loss, error.detach().mean()

    def _deviations(self, n: int) -> Tensor:
        low, high = (math.log(value) for value in self.preset.noise)
        return torch.empty(n, 1, device=self.x.device).uniform_(low, high).exp()
