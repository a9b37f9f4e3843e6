"""Partitions definitions, and the values of their keys."""

from __future__ import annotations

from typing import Any

import dagster as dg

from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.learning.denoising.presets import AUTOENCODERS
from raman_pipeline.learning.synthetic_tasks.names import TASKS
from raman_pipeline.rruff.archive_store import ARCHIVE_NAMES

N_FOLDS = 5
"""As in the papers."""

ARCHIVES = dg.StaticPartitionsDefinition(list(ARCHIVE_NAMES))
SPLIT = dg.StaticPartitionsDefinition(list(SPLITS))
FOLD_SPLIT = dg.MultiPartitionsDefinition(
    {"fold": dg.StaticPartitionsDefinition([str(i) for i in range(N_FOLDS)]), "split": SPLIT}
)

SEEDS = 5
"""Seeds of clustering; each has its own held-out specimens."""

PRESET_SEED = dg.MultiPartitionsDefinition(
    {
        "preset": dg.StaticPartitionsDefinition(list(AUTOENCODERS)),
        "seed": dg.StaticPartitionsDefinition([str(i) for i in range(SEEDS)]),
    }
)


SYNTHETIC_SEEDS = 3
SYNTHETIC_SEED = dg.StaticPartitionsDefinition([str(i) for i in range(SYNTHETIC_SEEDS)])
TASK_SEED = dg.MultiPartitionsDefinition(
    {"seed": SYNTHETIC_SEED, "task": dg.StaticPartitionsDefinition(list(TASKS))}
)


_DIMENSION = {ARCHIVES: "archive", SPLIT: "split", SYNTHETIC_SEED: "seed"}


def dimensions(partitions: dg.PartitionsDefinition | None) -> list[str]:
    """Returns the names of the dimensions of partitions; of others than the above, none."""
    if isinstance(partitions, dg.MultiPartitionsDefinition):
        return partitions.partition_dimension_names
    return [name for known, name in _DIMENSION.items() if known == partitions]


def partition_values(partitions: dg.PartitionsDefinition | None, key: str) -> dict[str, Any]:
    """Returns the values of a key by dimension: of `0|random`, fold 0 and split "random"."""
    values = [int(part) if part.isdecimal() else part for part in key.split("|")]
    return dict(zip(dimensions(partitions), values, strict=True))
