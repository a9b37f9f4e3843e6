"""The training loop of all networks: seeded, with a checkpoint per epoch, resumable.

What belongs here: epochs, steps, the optimiser, checkpoints. What does not: objectives (see
`classifier` and `denoising.objective`), architectures (see `models`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Protocol

import torch
from schedulefree import AdamWScheduleFree
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from raman_pipeline.common import atomic
from raman_pipeline.common.storage import StorePath, local_copy
from raman_pipeline.learning.training.device import autocast_dtype, choose_device
from raman_pipeline.learning.training.presets import Schedule, StepSchedule


class Objective(Protocol):
    """The loss to minimise, and the batches of an epoch.

    Attributes:
        measure: name of the metric that is reported beside the loss.
    """

    measure: str

    def batches(self, batch_size: int) -> Iterable[Tensor]:
        """Returns one epoch of rows, shuffled by torch's global generator."""
        ...

    def loss(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the mean loss of a batch, and the mean of the measure."""
        ...


@dataclass(frozen=True)
class EpochReport:
    """Results of one epoch; loss and metric are means over its rows.

    `held_out` holds loss and metric on held-out data, with the weights that are kept.
    """

    epoch: int
    epochs: int
    loss: float
    measure: str
    value: float
    seconds: float
    held_out: tuple[float, float] | None = None


OnEpoch = Callable[[EpochReport], None]
HeldOut = Callable[[], tuple[float, float]]
"""Returns loss and metric on held-out data; called with the model in evaluation mode."""


def optimise(
    model: nn.Module,
    objective: Objective,
    schedule: Schedule,
    epochs: int,
    seed: int,
    fingerprint: str,
    checkpoint: StorePath | None = None,
    on_epoch: OnEpoch | None = None,
    held_out: HeldOut | None = None,
) -> list[EpochReport]:
    """Trains a network in place with schedule-free AdamW (Defazio et al. 2024).

    A StepSchedule trains with plain AdamW and decays the learning rate at its milestones.

    On the CPU, within `one_thread`, the result depends on the arguments only: every epoch seeds the
    generator anew, so a training that was interrupted and resumed ends with the same bytes as one
    that was not.

    Args:
        model: on the training device.
        objective: holds the model and the data.
        schedule: batch size and optimiser.
        epochs: number of epochs.
        seed: of the whole training.
        fingerprint: of data and settings.
        checkpoint: file for the state after each epoch; training resumes from it if its
            fingerprint matches.
        on_epoch: callback after each epoch.
        held_out: evaluated after each epoch.

    Returns:
        One report per epoch, those before a resumed checkpoint included. The model is left in
        evaluation mode, on the CPU.
    """
    optimizer = optimiser_of(model.parameters(), schedule)
    store = _Checkpoint(checkpoint, fingerprint)
    reports = store.restore(model, optimizer)
    for epoch in range(len(reports), epochs):
        start = time.perf_counter()
        torch.manual_seed(seed + 1_000_003 * (epoch + 1))
        if isinstance(schedule, StepSchedule):
            decays = sum(epoch >= m for m in schedule.milestones)
            optimizer.param_groups[0]["lr"] = schedule.learning_rate * schedule.factor**decays
        loss, value = _run_epoch(model, objective, optimizer, schedule)
        seconds = time.perf_counter() - start
        _evaluation_mode(model, optimizer)
        scores = held_out() if held_out else None
        reports.append(
            EpochReport(epoch + 1, epochs, loss, objective.measure, value, seconds, scores)
        )
        store.save(model, optimizer, reports)
        if on_epoch:
            on_epoch(reports[-1])
    _evaluation_mode(model, optimizer)
    model.cpu()
    return reports


def _evaluation_mode(model: nn.Module, optimizer: Optimizer) -> None:
    # Schedule-free AdamW keeps two sets of weights; evaluation uses the averaged one.
    if isinstance(optimizer, AdamWScheduleFree):
        optimizer.eval()
    model.eval()


def optimiser_of(
    parameters: Iterable[nn.Parameter], schedule: Schedule
) -> AdamW | AdamWScheduleFree:
    """Returns the optimiser of a schedule."""
    if isinstance(schedule, StepSchedule):
        return AdamW(parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    return AdamWScheduleFree(
        parameters,
        lr=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        warmup_steps=schedule.warmup_steps,
    )


def _run_epoch(
    model: nn.Module, objective: Objective, optimizer: Optimizer, schedule: Schedule
) -> tuple[float, float]:
    device = next(model.parameters()).device
    dtype = autocast_dtype(device)
    model.train()
    if isinstance(optimizer, AdamWScheduleFree):
        optimizer.train()
    totals, n = torch.zeros(2, device=device), 0
    for rows in objective.batches(schedule.batch_size):
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            loss, value = objective.loss(rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), schedule.clip_norm)
        optimizer.step()
        # Kept on the device: reading them here would synchronise every step.
        totals += torch.stack([loss.detach(), value.detach()]).float() * len(rows)
        n += len(rows)
    loss, value = (totals / max(n, 1)).tolist()
    return loss, value


class _Checkpoint:
    """State after the last complete epoch, with the fingerprint of data and settings."""

    def __init__(self, path: StorePath | None, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint

    def restore(self, model: nn.Module, optimizer: Optimizer) -> list[EpochReport]:
        if self.path is None or not self.path.exists():
            return []
        state = torch.load(local_copy(self.path), map_location=choose_device(), weights_only=True)
        # Checkpoints of earlier versions hold no reports.
        if state["fingerprint"] != self.fingerprint or "reports" not in state:
            return []
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return [EpochReport(**report) for report in state["reports"]]

    def save(self, model: nn.Module, optimizer: Optimizer, reports: Iterable[EpochReport]) -> None:
        if self.path is None:
            return
        with atomic.replacing(self.path) as temporary:
            torch.save(
                {
                    "fingerprint": self.fingerprint,
                    "reports": [asdict(report) for report in reports],
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                },
                temporary,
            )
