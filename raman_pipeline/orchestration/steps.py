"""The running step: its name, its checkpoint, its epochs in log and progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import dagster as dg

from raman_pipeline.common.storage import StorePath
from raman_pipeline.orchestration.asset_paths import asset_path
from raman_pipeline.orchestration.progress import Progress, publish
from raman_pipeline.settings import Settings

if TYPE_CHECKING:
    from raman_pipeline.learning.training.loop import EpochReport  # loads torch


def checkpoint_of(settings: Settings) -> StorePath:
    """Returns where the training of the present asset's partition keeps its state.

    The IO manager of models removes it once the model is stored.
    """
    context = dg.AssetExecutionContext.get()
    asset = context.asset_key.to_user_string()
    return asset_path(settings.checkpoint_store, asset, context.partition_key, ".pt")


def log_epochs() -> Callable[[EpochReport], None]:
    """Returns a callback that logs each epoch and publishes it as progress."""
    context = dg.AssetExecutionContext.get()
    step = step_name()

    def log(report: EpochReport) -> None:
        note = f"loss {report.loss:.4f}, {report.measure} {report.value:.3g}"
        context.log.info(f"epoch {report.epoch}/{report.epochs}: {note}, {report.seconds:.1f} s")
        publish(Progress(step, report.epoch, report.epochs, note))

    return log


def step_name() -> str:
    """Returns the present asset and its partition as a user reads them."""
    context = dg.AssetExecutionContext.get()
    name = context.asset_key.to_user_string().replace("_", " ")
    return f"{name}, {context.partition_key}" if context.has_partition_key else name
