"""Predictions of one test fold, one row per test spectrum, and the metrics computed from them.

What belongs here: the table of predictions and its metrics. What does not: figures and text (see
`report`), calibration (see `fitting`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import RAGGED, Column, TableSchema
from raman_pipeline.geography.maps.geodesy import separation_km, unit_vectors
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.geolocation.calibration import (
    COVERAGE_LEVELS,
    Predicted,
    Probabilities,
    brier,
    conformal_sets,
    expected_calibration_error,
    log_loss,
    reliability,
)
from raman_pipeline.learning.geolocation.spatial_density import Places

_SETS = pa.list_(pa.int32())
_SHARE = (0.0, 1.0)

PREDICTIONS = TableSchema(
    "predictions",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("rruff_id", pa.string(), "the specimen"),
        Column("country", pa.string(), "the label"),
        Column("predicted", pa.string(), "the country of the highest score"),
        Column("probability", pa.float64(), "of `predicted`, calibrated", between=_SHARE),
        Column("true_probability", pa.float64(), "of the label, calibrated", between=_SHARE),
        Column(
            "uncalibrated_probability", pa.float64(), "of `predicted`, as fitted", between=_SHARE
        ),
        Column("brier", pa.float64(), "squared error over all countries", between=(0, 2)),
        Column("rank", pa.int32(), "rank of the label by score, 1 is the best", between=(1, 1000)),
        Column("specimen_in_training", pa.bool_(), "training has spectra of the specimen"),
        Column("distance_km", pa.float64(), "from the weighted position to the specimen", True),
        Column("log_density", pa.float64(), "at the specimen's position; 0: uniform", True),
        Column("set_size", _SETS, f"countries in the sets of nominal coverage {COVERAGE_LEVELS}"),
        Column("in_set", _SETS, "1 where the set of that coverage contains the label"),
        Column("probabilities", RAGGED, "of all countries, sorted by name"),
    ),
)


def ranked(scores: Probabilities, train: LabelledSpectra) -> npt.NDArray[np.int64]:
    """Returns the countries of each row from the best score to the worst, [n, classes].

    Ties are ranked by frequency in the training set, then by name, so that they favour no family;
    scikit-learn's `top_k_accuracy_score` ranks them by name.
    """
    frequency = np.bincount(train.label, minlength=len(train.classes))
    tie_break = np.argsort(np.argsort(-frequency, kind="stable"), kind="stable")
    return np.lexsort((np.broadcast_to(tie_break, scores.shape), -scores), axis=1)


def label_rank(order: npt.NDArray[np.int64], label: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns the rank of each row's label in `ranked` order, 1 is the best, [n]."""
    return np.argmax(order == label[:, None], axis=1) + 1


def predictions_table(
    predicted: Predicted, train: LabelledSpectra, test: LabelledSpectra
) -> pa.Table:
    """Returns a PREDICTIONS table, one row per test spectrum.

    Predicted label and rank follow the uncalibrated scores, so calibration changes no accuracy.

    Args:
        predicted: for the test set.
        train: for class frequencies, positions and specimens.
        test: for the labels.
    """
    scores, probabilities = predicted.scores, predicted.probabilities
    calibration = predicted.calibration
    order = ranked(scores, train)
    rows, first = np.arange(len(test)), order[:, 0]
    classes = np.array(test.classes, dtype=object)
    validation = calibration.calibrator(calibration.scores)
    sets = conformal_sets(validation, calibration.label, probabilities)
    places = Places(train.metadata, train.label, len(train.classes))
    at = unit_vectors(test.metadata["latitude"], test.metadata["longitude"])
    seen = test.metadata["rruff_id"].isin(train.metadata["rruff_id"].unique())
    return PREDICTIONS.from_frame(
        pd.DataFrame(
            {
                "member_id": test.metadata["member_id"],
                "rruff_id": test.metadata["rruff_id"],
                "country": classes[test.label],
                "predicted": classes[first],
                "probability": probabilities[rows, first],
                "true_probability": probabilities[rows, test.label],
                "uncalibrated_probability": scores[rows, first],
                "brier": np.clip(brier(probabilities, test.label), 0, 2),
                "rank": label_rank(order, test.label),
                "specimen_in_training": seen.to_numpy(bool),
                "distance_km": separation_km(places.weighted_position(probabilities), at),
                "log_density": places.log_density(probabilities, at, calibration.bandwidth_km),
                "set_size": list(sets.sum(axis=1).astype(np.int32)),
                "in_set": list(sets[rows, test.label].astype(np.int32)),
                "probabilities": list(probabilities.astype(np.float32)),
            }
        )
    )


def label_scores(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, rank: npt.ArrayLike, probability: npt.ArrayLike
) -> dict[str, float]:
    """Returns accuracy, macro-F1, top-5 accuracy and log loss (nats).

    Args:
        truth: labels.
        predicted: predicted labels; macro-F1 averages over the countries of either.
        rank: of the label, 1 is the best.
        probability: of the label.
    """
    from sklearn.metrics import accuracy_score, f1_score

    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "macro_f1": float(f1_score(truth, predicted, average="macro", zero_division=0)),
        "top5": float((np.asarray(rank) <= 5).mean()),
        "log_loss": log_loss(probability),
    }


def summarise(predictions: pd.DataFrame) -> dict[str, float]:
    """Returns the metrics of one test fold.

    Those of `label_scores`; the share of seen specimens, and accuracy on seen and new ones; Brier
    score and expected calibration error (uncalibrated and calibrated); size and empirical coverage
    of the 90% sets, by spectrum and by specimen; median distance (km) and mean log density at the
    specimens with a known position, NaN without any.
    """
    truth, predicted = predictions["country"], predictions["predicted"]
    seen = predictions["specimen_in_training"].astype(bool)
    right = truth == predicted
    at = COVERAGE_LEVELS.index(0.9)
    inside = predictions["in_set"].str[at]
    return {
        "n": len(predictions),
        **label_scores(truth, predicted, predictions["rank"], predictions["true_probability"]),
        "seen_share": float(seen.mean()),
        "accuracy_seen": float(right[seen].mean()) if seen.any() else float("nan"),
        "accuracy_new": float(right[~seen].mean()) if (~seen).any() else float("nan"),
        "brier": float(predictions["brier"].mean()),
        "ece": expected_calibration_error(reliability(predictions["probability"], right)),
        "ece_uncalibrated": expected_calibration_error(
            reliability(predictions["uncalibrated_probability"], right)
        ),
        "coverage_90": float(inside.mean()),
        "coverage_90_specimens": float(inside.groupby(predictions["rruff_id"]).mean().mean()),
        "set_size_90": float(predictions["set_size"].str[at].mean()),
        "distance_km": float(predictions["distance_km"].median()),
        "log_density": float(predictions["log_density"].mean()),
    }


def per_country(predictions: pd.DataFrame) -> pd.DataFrame:
    """Returns `country`, `precision`, `recall`, `f1` and `n`, one row per labelled country."""
    from sklearn.metrics import precision_recall_fscore_support

    countries = sorted(predictions["country"].unique())
    precision, recall, f1, n = precision_recall_fscore_support(
        predictions["country"], predictions["predicted"], labels=countries, zero_division=0
    )
    return pd.DataFrame(
        {"country": countries, "precision": precision, "recall": recall, "f1": f1, "n": n}
    )


def coverages(predictions: pd.DataFrame) -> pd.DataFrame:
    """Returns nominal and empirical coverage and the mean size of the conformal sets.

    Columns: `nominal`, `spectra` (coverage), `specimens` (mean coverage over specimens), `size`.
    """
    inside = np.stack(list(predictions["in_set"]))
    sizes = np.stack(list(predictions["set_size"]))
    by_specimen = pd.DataFrame(inside).groupby(predictions["rruff_id"].to_numpy()).mean().mean()
    return pd.DataFrame(
        {
            "nominal": COVERAGE_LEVELS,
            "spectra": inside.mean(axis=0),
            "specimens": by_specimen.to_numpy(),
            "size": sizes.mean(axis=0),
        }
    )


def abstention(predictions: pd.DataFrame) -> pd.DataFrame:
    """Returns the accuracy among the most confident predictions (selective classification).

    Columns: `answered` (share of spectra), `accuracy` (among those).
    """
    ordered = predictions.sort_values("probability", ascending=False, kind="stable")
    right = (ordered["country"] == ordered["predicted"]).to_numpy(float)
    answered = np.arange(1, len(right) + 1)
    return pd.DataFrame({"answered": answered / len(right), "accuracy": right.cumsum() / answered})
