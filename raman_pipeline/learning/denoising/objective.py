"""What a denoising autoencoder minimises.

What belongs here: noise, the rebuilding error, the agreement of a specimen's spectra. What
does not: the loop (see `learning.optimisation`), the network (see `learning.models`).
"""

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
"""Of the agreement, as in Khosla et al. (2020)."""
_FLOOR = 1e-4
"""Keeps the weight of nearly clean spectra finite; the square of a deviation."""


class Denoising:
    """Rebuilding clean spectra from noisy ones; optionally, agreement of siblings.

    The squared error is divided by the noise's variance, so that all noise levels count
    alike. With an agreement every spectrum comes with another one of its specimen (with
    itself where there is none), and their summaries are drawn together, away from other
    specimens' (supervised contrastive loss, Khosla et al. 2020). No mineral's name is used.

    Args:
        model: on the device of the training.
        spectra: float32 [n, m], 0 to 1.
        specimens: int64 [n], equal for spectra of one specimen.
        preset: noise and agreement.
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
        self.agree = SupConLoss(temperature=TEMPERATURE)

    def batches(self, batch_size: int) -> Iterable[Tensor]:
        """Returns all rows in random order, in batches."""
        return torch.randperm(len(self.x)).to(self.x.device).split(batch_size)

    def loss(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the loss of a batch and its mean squared error."""
        if self.preset.agreement:
            rows = torch.cat([rows, self.siblings.draw(rows)])
        clean = self.x[rows]
        deviation = self._deviations(len(rows))
        latents = self.model.encode(clean + deviation * torch.randn_like(clean))
        error = (self.model.decode(latents) - clean).square().mean(dim=1)
        loss = (error / (deviation[:, 0].square() + _FLOOR)).mean()
        if self.preset.agreement:
            summaries = self.model.summarise(latents)
            loss = loss + self.preset.agreement * self.agree(summaries, self.specimens[rows])
        return loss, error.detach().mean()

    def _deviations(self, n: int) -> Tensor:
        low, high = (math.log(value) for value in self.preset.noise)
        return torch.empty(n, 1, device=self.x.device).uniform_(low, high).exp()
