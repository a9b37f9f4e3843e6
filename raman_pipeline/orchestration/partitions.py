"""Partitions definitions, and the values of their keys."""

from __future__ import annotations

from typing import cast

import dagster as dg

from raman_pipeline.learning.data.splits import SPLITS, Split
from raman_pipeline.learning.denoising.presets import AUTOENCODERS, AutoencoderName
from raman_pipeline.learning.synthetic_tasks.names import TASKS, TaskName
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


def seed_and_task(key: str) -> tuple[int, TaskName]:
    """Returns seed and task of a key such as `0|challenge`."""
    seed, task = key.split("|")
    return int(seed), cast(TaskName, task)


def fold_and_split(key: str) -> tuple[int, Split]:
    """Returns fold and split of a key such as `0|random`."""
    fold, split = key.split("|")
    return int(fold), cast(Split, split)


def preset_and_seed(key: str) -> tuple[AutoencoderName, int]:
    """Returns preset and seed of a key such as `default|0`."""
    preset, seed = key.split("|")
    return cast(AutoencoderName, preset), int(seed)
