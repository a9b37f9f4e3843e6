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


def choose_device() -> torch.device:
    """Returns the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Returns bfloat16 where the device computes it natively, else None (float32)."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    native = torch.cpu.get_capabilities()
    return torch.bfloat16 if native.get("avx512_bf16") or native.get("amx_bf16") else None


def train_classifier(
    model: nn.Module,
    spectra: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
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
        model: maps float32 [batch, length] to logits [batch, classes].
        spectra: float32 [n, length].
        labels: int64 [n].
        preset: epochs, batch size, optimiser.
        seed: of the order of the batches, dropout and stochastic depth.
        checkpoint: file that holds the state after each epoch; resumed from where it
            fits these very data and settings, ignored where it does not.
        on_epoch: called after each epoch.

    Returns:
        One report for each epoch run here (epochs resumed over are left out). The
        model is left in evaluation mode, on the CPU.
    """
    device = choose_device()
    model.to(device)
    x = torch.from_numpy(np.ascontiguousarray(spectra)).to(device)
    y = torch.tensor(labels, device=device)
    optimizer = AdamWScheduleFree(
        model.parameters(),
        lr=preset.learning_rate,
        weight_decay=preset.weight_decay,
        warmup_steps=preset.warmup_steps,
    )
    store = _Checkpoint(checkpoint, _fingerprint(spectra, labels, preset, seed))
    done = store.restore(model, optimizer, device)
    reports = []
    for epoch in range(done, preset.epochs):
        start = time.perf_counter()
        loss, accuracy = _run_epoch(model, optimizer, x, y, preset, seed + 1_000_003 * (epoch + 1))
        store.save(model, optimizer, epoch + 1)
        seconds = time.perf_counter() - start
        reports.append(EpochReport(epoch + 1, preset.epochs, loss, accuracy, seconds))
        if on_epoch:
            on_epoch(reports[-1])
    # Schedule-free keeps two sets of weights; evaluation wants the averaged one.
    optimizer.eval()
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


def _run_epoch(
    model: nn.Module,
    optimizer: AdamWScheduleFree,
    x: Tensor,
    y: Tensor,
    preset: ConvNeXtPreset,
    seed: int,
) -> tuple[float, float]:
    torch.manual_seed(seed)
    model.train()
    optimizer.train()
    dtype = autocast_dtype(x.device)
    order = torch.randperm(len(y)).to(x.device)
    total = torch.zeros((), device=x.device)
    right = torch.zeros((), device=x.device)
    for batch in order.split(preset.batch_size):
        with torch.autocast(x.device.type, dtype=dtype, enabled=dtype is not None):
            logits = model(x[batch])
            loss = nn.functional.cross_entropy(logits, y[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), preset.clip_norm)
        optimizer.step()
        # Kept on the device: reading them here would wait for every step.
        total += loss.detach() * len(batch)
        right += (logits.detach().argmax(dim=1) == y[batch]).sum()
    return float(total) / len(y), float(right) / len(y)


def _fingerprint(
    spectra: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    preset: ConvNeXtPreset,
    seed: int,
) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(spectra).view(np.uint8).data)
    digest.update(labels.tobytes())
    digest.update(f"{preset.model_dump_json()} {seed} {torch.__version__}".encode())
    return digest.hexdigest()


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
