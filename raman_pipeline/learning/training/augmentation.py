"""Augmented spectra: the recipe and what it does, on the device where training runs.

What belongs here: disturbances that leave the label true (shift, noise, baseline,
another laser) and mixup. What does not: the training loop (see `training`).

Recipes work on spectra as they are stored, 0 to 1, before any transform.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from raman_pipeline.learning.training.presets import AugmentationRecipe
from raman_pipeline.learning.training.siblings import Siblings


class Augmenter:
    """Applies a recipe to batches.

    Args:
        recipe: what is done.
        spectra: float32 [n, m], all spectra, on the device of the training.
        specimens: int64 [n], equal for spectra of one specimen.
        step_cm1: distance of two grid points, cm⁻¹.
    """

    def __init__(
        self,
        recipe: AugmentationRecipe,
        spectra: Tensor,
        specimens: npt.NDArray[np.int64],
        step_cm1: float,
    ) -> None:
        self.recipe = recipe
        self.spectra = spectra
        self.shift = recipe.shift_cm1 / step_cm1
        self.siblings = Siblings(specimens, spectra.device)

    def __call__(self, rows: Tensor) -> Tensor:
        """Returns disturbed copies of some spectra, float32 [b, m], each 0 to 1.

        Args:
            rows: int64 [b].
        """
        recipe = self.recipe
        x = self._with_sibling(rows) if recipe.sibling else self.spectra[rows]
        if recipe.shift_cm1:
            x = shifted(x, (2 * torch.rand(len(x), device=x.device) - 1) * self.shift)
        if recipe.baseline:
            x = x + recipe.baseline * _slow_waves(x)
        if recipe.noise:
            deviation = recipe.noise * torch.rand(len(x), 1, device=x.device)
            x = x + deviation * torch.randn_like(x)
        low = x.amin(dim=1, keepdim=True)
        # A flat spectrum stays zero.
        return (x - low) / (x.amax(dim=1, keepdim=True) - low).clamp_min(1e-6)

    def _with_sibling(self, rows: Tensor) -> Tensor:
        """Mixes with another spectrum of the specimen: another laser or orientation."""
        x = self.spectra[rows]
        sibling = self.spectra[self.siblings.draw(rows)]
        share = self.recipe.sibling * torch.rand(len(rows), 1, device=x.device)
        return (1 - share) * x + share * sibling


def shifted(x: Tensor, by: Tensor) -> Tensor:
    """Returns spectra moved along the axis, zero where nothing was measured.

    Args:
        x: float32 [b, m].
        by: float32 [b], grid points; positive moves to higher wavenumbers.
    """
    whole = by.floor()
    part = (by - whole)[:, None]
    columns = torch.arange(x.shape[1], device=x.device) - whole.long()[:, None]
    return (1 - part) * _take(x, columns) + part * _take(x, columns - 1)


def mixed(x: Tensor, alpha: float) -> tuple[Tensor, Tensor, float]:
    """Returns mixup (Zhang 2018): mixed spectra, the partners' rows, the first's share."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    partner = torch.randperm(len(x), device=x.device)
    return share * x + (1 - share) * x[partner], partner, share


def _take(x: Tensor, columns: Tensor) -> Tensor:
    inside = (columns >= 0) & (columns < x.shape[1])
    return x.gather(1, columns.clamp(0, x.shape[1] - 1)) * inside


def _slow_waves(x: Tensor) -> Tensor:
    """Returns backgrounds between 0 and 1 with at most one period over the window, [b, m]."""
    axis = torch.linspace(0, 2 * torch.pi, x.shape[1], device=x.device)
    frequency, phase, height = torch.rand(3, len(x), 1, device=x.device)
    return height * (1 + torch.cos(frequency * axis + 2 * torch.pi * phase)) / 2
