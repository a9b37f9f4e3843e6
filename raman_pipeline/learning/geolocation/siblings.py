"""Accuracy by the siblings of a test spectrum in training; what it predicts for larger specimens.

Spectra of one specimen are right or wrong together, so intervals come from resampled specimens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_SIBLINGS = 6
"""Larger numbers of siblings are counted together."""
MANY_SPECTRA = 8
"""Spectra of a specimen in Pappone (2024)."""
PAPER_SIBLINGS = 0.8 * (MANY_SPECTRA - 1)
"""Of those, how many siblings of a test spectrum four of five folds hold."""
_RESAMPLES = 1000
_MIN_SPECIMENS = 5
_KINDS = {"same_measurement": "pair", "other_laser": "other laser", "other_scan": "other scan"}
Matrix = npt.NDArray[np.float64]


def number_of_siblings(siblings: int) -> str:
    """Returns a number of `accuracy_by_siblings` for tables and figures."""
    return f"{siblings}+" if siblings == MAX_SIBLINGS else f"{siblings}"


@dataclass(frozen=True)
class Interval:
    """A share with its 95% interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, resamples: Matrix) -> Interval:
        """Returns the interval of [1 + resamples], whose first value is that of the data."""
        low, high = np.nanpercentile(resamples[1:], [2.5, 97.5])
        return cls(float(resamples[0]), float(low), float(high))

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Forecast:
    """Accuracy on specimens of MANY_SPECTRA, predicted from smaller ones, and tried on larger ones.

    Attributes:
        paper: at PAPER_SIBLINGS; without the uncertainty of the form of the curve.
        expected: by the curve, for the specimens of MANY_SPECTRA and more, at their siblings.
        observed: on the same spectra; both None where there is no such specimen.
        specimens: their number.
        n: number of their spectra with siblings.
    """

    paper: Interval
    expected: Interval | None
    observed: Interval | None
    specimens: int
    n: int


@dataclass(frozen=True)
class SiblingAccuracy:
    """What siblings in training are worth to a family.

    Attributes:
        by_number: from `accuracy_by_siblings`.
        by_kind: the same by their kinds, without groups of fewer than five specimens.
        forecast: for larger specimens.
    """

    by_number: pd.DataFrame
    by_kind: pd.DataFrame
    forecast: Forecast | None

    @classmethod
    def of(cls, predictions: pd.DataFrame, leakage: pd.DataFrame) -> SiblingAccuracy:
        """Measures it with the tables that `accuracy_by_siblings` and `forecast` take."""
        by_kind = accuracy_by_siblings(predictions, leakage, by_kind=True)
        return cls(
            accuracy_by_siblings(predictions, leakage),
            by_kind[by_kind["specimens"] >= _MIN_SPECIMENS].reset_index(drop=True),
            forecast(predictions, leakage),
        )


def accuracy_by_siblings(
    predictions: pd.DataFrame, leakage: pd.DataFrame, by_kind: bool = False
) -> pd.DataFrame:
    """Returns accuracy by the number of siblings in training, and by their kinds.

    Args:
        predictions: a PREDICTIONS table of one or several folds.
        leakage: a LEAKAGE table of the same split.
        by_kind: whether to tell which kinds of siblings there are.

    Returns:
        Columns `kinds` (such as `pair + other laser`; if asked for), `siblings` (0 to MAX_SIBLINGS
        or more), `accuracy` (an Interval), `n`, `specimens`.
    """
    joined = _joined(predictions, leakage)
    words = [np.where(joined[c] > 0, word, "") for c, word in _KINDS.items()]
    joined["kinds"] = [" + ".join(filter(None, row)) or "none" for row in zip(*words, strict=True)]
    joined["siblings"] = joined["siblings"].clip(upper=MAX_SIBLINGS)
    grouped = joined.groupby(["kinds", "siblings"] if by_kind else ["siblings"])
    right, n = _resampled(joined, grouped.ngroup().to_numpy())
    sizes = grouped.agg(n=("right", "size"), specimens=("rruff_id", "nunique"))
    with np.errstate(invalid="ignore"):
        sizes.insert(0, "accuracy", [Interval.of(column) for column in (right / n).T])
    return sizes.reset_index()


def forecast(predictions: pd.DataFrame, leakage: pd.DataFrame) -> Forecast | None:
    """Extrapolates the accuracy on seen specimens to the paper's number of spectra a specimen.

    The logit of the accuracy is a line in the logarithm of the number of siblings, fitted on
    specimens of less than MANY_SPECTRA. None where these have fewer than two numbers of siblings.

    Args:
        predictions: a PREDICTIONS table.
        leakage: a LEAKAGE table of the same split, with all folds.
    """
    joined = _joined(predictions, leakage)
    joined = joined[joined["siblings"] > 0]
    large = joined["rruff_id"].map(leakage.groupby("rruff_id").size()) >= MANY_SPECTRA
    siblings = joined["siblings"].to_numpy()
    numbers, codes = np.unique(siblings[~large], return_inverse=True)
    if len(numbers) < 2:
        return None
    offset, slope = _logit_line(np.log(numbers), *_resampled(joined[~large], codes))

    def at(number: npt.ArrayLike) -> Matrix:
        return 1 / (1 + np.exp(-(offset + slope * np.log(number))))

    tried = joined[large]
    if not len(tried):
        return Forecast(Interval.of(at(PAPER_SIBLINGS)[:, 0]), None, None, 0, 0)
    right, n = _resampled(tried, np.zeros(len(tried), int))
    return Forecast(
        Interval.of(at(PAPER_SIBLINGS)[:, 0]),
        Interval.of(at(siblings[large]).mean(axis=1)),
        Interval.of((right / n)[:, 0]),
        tried["rruff_id"].nunique(),
        len(tried),
    )


def _joined(predictions: pd.DataFrame, leakage: pd.DataFrame) -> pd.DataFrame:
    joined = predictions.drop(columns="rruff_id", errors="ignore").merge(leakage, on="member_id")
    return joined.assign(right=joined["country"] == joined["predicted"])


def _resampled(joined: pd.DataFrame, codes: npt.NDArray[np.integer]) -> tuple[Matrix, Matrix]:
    """Returns right and all spectra of each code, [1 + resamples of specimens, codes]."""
    specimen, names = pd.factorize(joined["rruff_id"])
    right, n = np.zeros((2, len(names), int(codes.max()) + 1))
    np.add.at(right, (specimen, codes), joined["right"])
    np.add.at(n, (specimen, codes), 1)
    drawn = np.random.default_rng(0).multinomial(
        len(names), np.full(len(names), 1 / len(names)), _RESAMPLES
    )
    weights = np.vstack([np.ones(len(names)), drawn])
    return weights @ right, weights @ n


def _logit_line(x: Matrix, right: Matrix, n: Matrix) -> tuple[Matrix, Matrix]:
    """Returns offset and slope, [rows, 1], of empirical logits weighted by inverse variance."""
    hits, misses = right + 0.5, n - right + 0.5
    y, weight = np.log(hits / misses), (n > 0) / (1 / hits + 1 / misses)
    total = weight.sum(axis=1, keepdims=True)
    centre = (weight * x).sum(axis=1, keepdims=True) / total
    mean = (weight * y).sum(axis=1, keepdims=True) / total
    spread = (weight * (x - centre) ** 2).sum(axis=1, keepdims=True)
    slope = (weight * (x - centre) * (y - mean)).sum(axis=1, keepdims=True)
    # Where all spectra have one number of siblings there is no slope.
    slope = np.divide(slope, spread, out=np.full_like(slope, np.nan), where=spread > 0)
    return mean - slope * centre, slope
