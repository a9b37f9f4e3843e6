"""Names of the tasks and methods, which tables, figures and partitions share."""

from __future__ import annotations

from typing import Literal, get_args

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
