"""The training loop: seeded, checkpointed every epoch, resumed after a kill.

What belongs here: optimising a classifier. What does not: architectures (see
`models`), which data (see `labelled`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from schedulefree import AdamWScheduleFree
from torch import Tensor, nn

from raman_pipeline import atomic
from raman_pipeline.learning.acceleration import (
    autocast_dtype,
    choose_device,
    compiled_where_it_pays,
)
from raman_pipeline.learning.augmentation import Augmenter, mixed
from raman_pipeline.learning.presets import ConvNeXtPreset


@dataclass(frozen=True)
class EpochReport:
    """What one epoch brought; `loss` and `accuracy` are over the training spectra."""

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    seconds: float


OnEpoch = Callable[[EpochReport], None]


@dataclass(frozen=True)
class TrainingSet:
    """What a network is trained on.

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

    def fingerprint(self, preset: ConvNeXtPreset, seed: int) -> str:
        """Returns a hash of the data and of how it is trained on."""
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
    checkpoint: Path | None = None,
    on_epoch: OnEpoch | None = None,
) -> list[EpochReport]:
    """Trains a classifier in place with schedule-free AdamW and cross-entropy.

    On the CPU the result depends on nothing but the arguments: every epoch draws
    from a generator of its own, so a training that was killed and resumed ends with
    the same bytes as one that was not.

    Args:
        model: maps float32 [batch, m] to logits [batch, classes].
        data: spectra and labels; they stay on the device throughout.
        preset: epochs, batch size, augmentation, optimiser.
        seed: of the order of the batches, augmentation, dropout and stochastic depth.
        checkpoint: file that holds the state after each epoch; resumed from where it
            fits these very data and settings, ignored where it does not.
        on_epoch: called after each epoch.

    Returns:
        One report for each epoch run here (epochs resumed over are left out). The
        model is left in evaluation mode, on the CPU.
    """
    device = choose_device()
    model.to(device)
    loop = _Loop(model, data, preset, device)
    store = _Checkpoint(checkpoint, data.fingerprint(preset, seed))
    done = store.restore(model, loop.optimizer, device)
    reports = []
    for epoch in range(done, preset.epochs):
        start = time.perf_counter()
        loss, accuracy = loop.run_epoch(seed + 1_000_003 * (epoch + 1))
        store.save(model, loop.optimizer, epoch + 1)
        seconds = time.perf_counter() - start
        reports.append(EpochReport(epoch + 1, preset.epochs, loss, accuracy, seconds))
        if on_epoch:
            on_epoch(reports[-1])
    # Schedule-free keeps two sets of weights; evaluation wants the averaged one.
    loop.optimizer.eval()
    model.eval()
    model.cpu()
    return reports


def predict_probabilities(
    model: nn.Module, spectra: npt.NDArray[np.float32], batch_size: int = 256
) -> npt.NDArray[np.float64]:
    """Returns softmax probabilities, float64 [n, classes]; the model is put in eval mode."""
    device = choose_device()
    model.eval().to(device)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(spectra), batch_size):
            batch = torch.from_numpy(np.ascontiguousarray(spectra[start : start + batch_size]))
            parts.append(model(batch.to(device)).double().softmax(dim=1).cpu())
    return torch.cat(parts).numpy()


class _Loop:
    """One training: data on the device, optimiser, and the step."""

    def __init__(
        self, model: nn.Module, data: TrainingSet, preset: ConvNeXtPreset, device: torch.device
    ) -> None:
        self.model, self.preset, self.dtype = model, preset, autocast_dtype(device)
        self.x = torch.from_numpy(np.ascontiguousarray(data.spectra)).to(device)
        self.y = torch.tensor(data.label, device=device)
        self.augment = preset.augmentation and Augmenter(
            preset.augmentation, self.x, data.specimens, data.step_cm1
        )
        self.optimizer = AdamWScheduleFree(
            model.parameters(),
            lr=preset.learning_rate,
            weight_decay=preset.weight_decay,
            warmup_steps=preset.warmup_steps,
        )
        steps = preset.epochs * (len(data.label) // preset.batch_size + 1)
        self.forward = compiled_where_it_pays(model, device, steps)

    def run_epoch(self, seed: int) -> tuple[float, float]:
        """Returns mean loss and accuracy over the training spectra."""
        torch.manual_seed(seed)
        self.model.train()
        self.optimizer.train()
        order = torch.randperm(len(self.y)).to(self.y.device)
        total = torch.zeros((), device=self.y.device)
        right = torch.zeros((), device=self.y.device)
        for rows in order.split(self.preset.batch_size):
            loss, logits = self._step(rows)
            # Kept on the device: reading them here would wait for every step.
            total += loss.detach() * len(rows)
            right += (logits.detach().argmax(dim=1) == self.y[rows]).sum()
        return float(total) / len(self.y), float(right) / len(self.y)

    def _step(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        x = self.augment(rows) if self.augment else self.x[rows]
        y, partner, share = self.y[rows], None, 1.0
        if self.preset.augmentation and self.preset.augmentation.mixup:
            x, partner, share = mixed(x, self.preset.augmentation.mixup)
        with torch.autocast(x.device.type, dtype=self.dtype, enabled=self.dtype is not None):
            logits = self.forward(x)
            loss = nn.functional.cross_entropy(logits, y)
            if partner is not None:
                other = nn.functional.cross_entropy(logits, y[partner])
                loss = share * loss + (1 - share) * other
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.preset.clip_norm)
        self.optimizer.step()
        return loss, logits


class _Checkpoint:
    """State after the last whole epoch, tied to data and settings by a fingerprint."""

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint

    def restore(self, model: nn.Module, optimizer: AdamWScheduleFree, device: torch.device) -> int:
        if self.path is None or not self.path.exists():
            return 0
        state = torch.load(self.path, map_location=device, weights_only=True)
        if state["fingerprint"] != self.fingerprint:
            return 0
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return int(state["epoch"])

    def save(self, model: nn.Module, optimizer: AdamWScheduleFree, epoch: int) -> None:
        if self.path is None:
            return
        with atomic.replacing(self.path) as temporary:
            torch.save(
                {
                    "fingerprint": self.fingerprint,
                    "epoch": epoch,
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                },
                temporary,
            )
