"""Training of classifiers of spectra: their input, their objective, their predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.training.augmentation import Augmenter, mixup
from raman_pipeline.learning.training.device import choose_device, compiled_where_it_pays
from raman_pipeline.learning.training.loop import EpochReport, HeldOut, OnEpoch, optimise
from raman_pipeline.learning.training.presets import ConvNeXtPreset


def crop_columns(grid: npt.NDArray[np.float64], crop: tuple[float, float] | None) -> slice:
    """Returns the grid points of a crop as a slice.

    Raises:
        ValueError: the crop contains too few points for the strides of the network.
    """
    if crop is None:
        return slice(0, grid.size)
    start, stop = np.searchsorted(grid, crop)
    if stop - start < 64:
        raise ValueError(
            f"{stop - start} grid points lie in {crop[0]:g}-{crop[1]:g} cm⁻¹ and the network "
            "needs 64; raise grid.points or widen the crop"
        )
    return slice(int(start), int(stop))


def cropped(spectra: LabelledSpectra, preset: ConvNeXtPreset) -> npt.NDArray[np.float32]:
    """Returns the part of the spectra that the network sees, float32 [n, m], 0 to 1."""
    return spectra.intensity[:, crop_columns(spectra.grid, preset.crop)]


@dataclass(frozen=True)
class TrainingSet:
    """Input of a training.

    Attributes:
        spectra: float32 [n, m], 0 to 1.
        label: int64 [n].
        specimens: int64 [n], equal for spectra of one specimen.
        step_cm1: distance of two grid points, cm⁻¹.
    """

    spectra: npt.NDArray[np.float32]
    label: npt.NDArray[np.int64]
    specimens: npt.NDArray[np.int64]
    step_cm1: float

    @classmethod
    def of(cls, train: LabelledSpectra, preset: ConvNeXtPreset) -> TrainingSet:
        """Returns the training set of a network with the crop of its preset."""
        specimens, _ = pd.factorize(train.metadata["rruff_id"])
        step_cm1 = float(train.grid[1] - train.grid[0])
        return cls(cropped(train, preset), train.label, specimens.astype(np.int64), step_cm1)

    def fingerprint(self, preset: ConvNeXtPreset, seed: int) -> str:
        """Returns a hash of the data, the preset, the seed and the version of torch."""
        digest = hashlib.sha256(np.ascontiguousarray(self.spectra).view(np.uint8).data)
        digest.update(self.label.tobytes())
        digest.update(self.specimens.tobytes())
        digest.update(f"{preset.model_dump_json()} {seed} {torch.__version__}".encode())
        return digest.hexdigest()


def train_classifier(
    model: nn.Module,
    data: TrainingSet,
    preset: ConvNeXtPreset,
    seed: int,
    checkpoint: StorePath | None = None,
    on_epoch: OnEpoch | None = None,
    held_out: HeldOut | None = None,
) -> list[EpochReport]:
    """Trains a classifier in place with cross-entropy.

    Args:
        model: maps float32 [batch, m] to logits [batch, classes].
        data: spectra and labels; kept on the device throughout.
        preset: steps, batch size, augmentation, optimiser.
        seed: of the order of the batches, augmentation, dropout and stochastic depth.
        checkpoint: see `optimise`.
        on_epoch: callback after each epoch; the metric is the training accuracy.
        held_out: see `optimise`.

    Returns:
        One report per epoch (see `optimise`).
    """
    objective = _Classification(model.to(choose_device()), data, preset)
    fingerprint = data.fingerprint(preset, seed)
    epochs = preset.epochs_on(len(data.label))
    return optimise(
        model, objective, preset, epochs, seed, fingerprint, checkpoint, on_epoch, held_out
    )


def predict_probabilities(
    model: nn.Module, spectra: npt.NDArray[np.float32], batch_size: int = 256
) -> npt.NDArray[np.float64]:
    """Returns softmax probabilities, float64 [n, classes]; sets the model to evaluation mode."""
    device = choose_device()
    model.eval().to(device)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(spectra), batch_size):
            batch = torch.from_numpy(np.ascontiguousarray(spectra[start : start + batch_size]))
            parts.append(model(batch.to(device)).double().softmax(dim=1).cpu())
    return torch.cat(parts).numpy()


class _Classification:
    """Cross-entropy over spectra on the device, with the augmentation and mixup of the preset."""

    measure = "accuracy"

    def __init__(self, model: nn.Module, data: TrainingSet, preset: ConvNeXtPreset) -> None:
        device = next(model.parameters()).device
        self.recipe = preset.augmentation
        self.x = torch.from_numpy(np.ascontiguousarray(data.spectra)).to(device)
        self.y = torch.tensor(data.label, device=device)
        self.augment = self.recipe and Augmenter(self.recipe, self.x, data.specimens, data.step_cm1)
        self.forward = compiled_where_it_pays(model, device, preset.steps)

    def batches(self, batch_size: int) -> Iterable[Tensor]:
        return torch.randperm(len(self.y)).to(self.y.device).split(batch_size)

    def loss(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        x = self.augment(rows) if self.augment else self.x[rows]
        y = self.y[rows]
        if self.recipe and self.recipe.mixup:
            x, partner, weight = mixup(x, self.recipe.mixup)
            logits = self.forward(x)
            loss = weight * nn.functional.cross_entropy(logits, y)
            loss = loss + (1 - weight) * nn.functional.cross_entropy(logits, y[partner])
        else:
            logits = self.forward(x)
            loss = nn.functional.cross_entropy(logits, y)
        return loss, (logits.detach().argmax(dim=1) == y).float().mean()
