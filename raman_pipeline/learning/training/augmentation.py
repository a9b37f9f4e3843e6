"""Augmentation of spectra on the training device: shift, noise, baseline, siblings, mixup.

Recipes apply to spectra as they are stored, 0 to 1, before any transform.
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
        recipe: the augmentation.
        spectra: float32 [n, m], all spectra, on the training device.
        specimens: int64 [n], equal for spectra of one specimen.
        step_cm1: distance between grid points, cm⁻¹.
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
        """Returns augmented copies of some spectra, float32 [b, m], each 0 to 1.

        Args:
            rows: int64 [b].
        """
        recipe = self.recipe
        x = self._with_sibling(rows) if recipe.sibling else self.spectra[rows]
        if recipe.shift_cm1:
            x = shifted(x, (2 * torch.rand(len(x), device=x.device) - 1) * self.shift)
        if recipe.baseline:
            x = x + recipe.baseline * _random_baselines(x)
        if recipe.noise:
            deviation = recipe.noise * torch.rand(len(x), 1, device=x.device)
            x = x + deviation * torch.randn_like(x)
        low = x.amin(dim=1, keepdim=True)
        # A flat spectrum stays zero.
        return (x - low) / (x.amax(dim=1, keepdim=True) - low).clamp_min(1e-6)

    def _with_sibling(self, rows: Tensor) -> Tensor:
        """Mixes each spectrum with a sibling: another laser or orientation."""
        x = self.spectra[rows]
        sibling = self.spectra[self.siblings.draw(rows)]
        weight = self.recipe.sibling * torch.rand(len(rows), 1, device=x.device)
        return (1 - weight) * x + weight * sibling


def shifted(x: Tensor, by: Tensor) -> Tensor:
    """Returns spectra shifted along the axis, zero outside the measured range.

    Args:
        x: float32 [b, m].
        by: float32 [b], grid points; positive shifts to higher wavenumbers.
    """
    whole = by.floor()
    part = (by - whole)[:, None]
    columns = torch.arange(x.shape[1], device=x.device) - whole.long()[:, None]
    return (1 - part) * _take(x, columns) + part * _take(x, columns - 1)


def mixup(x: Tensor, alpha: float) -> tuple[Tensor, Tensor, float]:
    """Returns mixup (Zhang et al. 2018): mixed spectra, rows of the partners, first weight."""
    weight = float(torch.distributions.Beta(alpha, alpha).sample())
    partner = torch.randperm(len(x), device=x.device)
    return weight * x + (1 - weight) * x[partner], partner, weight


def _take(x: Tensor, columns: Tensor) -> Tensor:
    inside = (columns >= 0) & (columns < x.shape[1])
    return x.gather(1, columns.clamp(0, x.shape[1] - 1)) * inside


def _random_baselines(x: Tensor) -> Tensor:
    """Returns baselines between 0 and 1 with at most one period over the window, [b, m]."""
    axis = torch.linspace(0, 2 * torch.pi, x.shape[1], device=x.device)
    frequency, phase, height = torch.rand(3, len(x), 1, device=x.device)
    return height * (1 + torch.cos(frequency * axis + 2 * torch.pi * phase)) / 2
