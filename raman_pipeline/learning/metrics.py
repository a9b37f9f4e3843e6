"""Metrics of a classification, from one row a test spectrum.

What belongs here: numbers from predictions. What does not: figures and texts (see
`report`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from raman_pipeline.learning.labelled import LabelledSpectra
from raman_pipeline.tables import Column, TableSchema

PREDICTIONS = TableSchema(
    "predictions",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("rruff_id", pa.string(), "the specimen"),
        Column("country", pa.string(), "the label"),
        Column("predicted", pa.string(), "the most probable country"),
        Column("probability", pa.float64(), "score of `predicted`", between=(0, 1)),
        Column("true_probability", pa.float64(), "score of the label", between=(0, 1)),
        Column("rank", pa.int32(), "rank of the label, 1 is best", between=(1, 1000)),
        Column("specimen_in_training", pa.bool_(), "the specimen also stands in training"),
    ),
)


def predictions_table(
    probabilities: npt.NDArray[np.floating], train: LabelledSpectra, test: LabelledSpectra
) -> pa.Table:
    """Returns a PREDICTIONS table, one row for each test spectrum.

    Countries with equal scores are ranked by their frequency in training, then by
    name, so that ties favour nobody.

    Args:
        probabilities: [n, classes].
        train: gives the frequencies and the specimens seen.
        test: gives the labels.
    """
    frequency = np.bincount(train.label, minlength=len(train.classes))
    tie_break = np.argsort(np.argsort(-frequency, kind="stable"), kind="stable")
    order = np.lexsort((np.broadcast_to(tie_break, probabilities.shape), -probabilities), axis=1)
    rank = np.argmax(order == test.label[:, None], axis=1) + 1
    rows = np.arange(len(test))
    classes = np.array(test.classes, dtype=object)
    seen = test.about["rruff_id"].isin(train.about["rruff_id"].unique())
    return PREDICTIONS.from_frame(
        pd.DataFrame(
            {
                "member_id": test.about["member_id"],
                "rruff_id": test.about["rruff_id"],
                "country": classes[test.label],
                "predicted": classes[order[:, 0]],
                "probability": probabilities[rows, order[:, 0]].astype(np.float64),
                "true_probability": probabilities[rows, test.label].astype(np.float64),
                "rank": rank,
                "specimen_in_training": seen.to_numpy(bool),
            }
        )
    )


def summarise(predictions: pd.DataFrame) -> dict[str, float]:
    """Returns accuracy, macro-F1, top-5 accuracy and the share of seen specimens.

    Macro-F1 is the mean over the countries that occur among labels or predictions.
    """
    truth, predicted = predictions["country"], predictions["predicted"]
    seen = predictions["specimen_in_training"].astype(bool)
    right = truth == predicted
    return {
        "n": len(predictions),
        "accuracy": float(accuracy_score(truth, predicted)),
        "macro_f1": float(f1_score(truth, predicted, average="macro", zero_division=0)),
        "top5": float((predictions["rank"] <= 5).mean()),
        "seen_share": float(seen.mean()),
        "accuracy_seen": float(right[seen].mean()) if seen.any() else float("nan"),
        "accuracy_new": float(right[~seen].mean()) if (~seen).any() else float("nan"),
    }


def per_country(predictions: pd.DataFrame) -> pd.DataFrame:
    """Returns `country`, `precision`, `recall`, `f1` and `n` for each labelled country."""
    countries = sorted(predictions["country"].unique())
    precision, recall, f1, n = precision_recall_fscore_support(
        predictions["country"], predictions["predicted"], labels=countries, zero_division=0
    )
    return pd.DataFrame(
        {"country": countries, "precision": precision, "recall": recall, "f1": f1, "n": n}
    )
