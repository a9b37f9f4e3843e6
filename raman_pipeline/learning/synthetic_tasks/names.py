"""Names of tasks and methods, and the table of results, for assets, figures and partitions."""

from __future__ import annotations

from typing import Literal, get_args

import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema

TaskName = Literal[
    "all_classes",
    "forty_percent",
    "ten_percent",
    "unseen_classes",
    "challenge",
    "mixtures",
    "noisy",
]
TASKS: tuple[TaskName, ...] = get_args(TaskName)

TITLES: dict[TaskName, str] = {
    "all_classes": "500 classes",
    "forty_percent": "40% of the training set",
    "ten_percent": "10% of the training set",
    "unseen_classes": "100 unseen classes",
    "challenge": "challenge, 27 classes",
    "mixtures": "mixtures",
    "noisy": "500 classes, noisy",
}

EMBEDDING = "embedding"
SMOOTHED = "smoothed cosine"
PEAK_LIST = "peak list"
LEAST_SQUARES = "least squares"
PEAK_MODEL = "peak model"
BASELINES = (SMOOTHED, PEAK_LIST, LEAST_SQUARES)
METHODS = (EMBEDDING, *BASELINES, PEAK_MODEL)

SYNTHETIC_RUNS = TableSchema(
    "synthetic_runs",
    (
        Column("task", pa.string(), "task", isin=TASKS),
        Column("method", pa.string(), "method", isin=METHODS),
        Column("part", pa.string(), "all spectra, or a group or a gallery of them"),
        Column("components", pa.int64(), "classes in a spectrum", between=(1, 4)),
        Column("at_least", pa.int64(), "correct ones to count as a success", between=(1, 4)),
        Column("n", pa.int64(), "spectra"),
        Column("accuracy", pa.float64(), "fraction of spectra", between=(0, 1)),
        Column("setting", pa.string(), "hyperparameter chosen on validation", nullable=True),
    ),
    ("task", "method", "part", "components", "at_least"),
)
