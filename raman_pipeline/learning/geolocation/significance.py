"""Statistics of experiments: power laws and paired differences, with confidence intervals.

What belongs here: statistics over EXPERIMENT_RUNS tables. What does not: the runs (see
`experiments`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class PowerLaw:
    """loss = scale · n^(-exponent), with a 95% interval of the exponent."""

    scale: float
    exponent: float
    low: float
    high: float

    def at(self, n: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Returns the loss at a number of specimens."""
        return self.scale * np.asarray(n, float) ** -self.exponent


def fit_power_law(runs: pd.DataFrame) -> PowerLaw:
    """Fits a power law of the log loss against training specimens, on logarithms.

    The interval is Student's t interval over the exponents of the folds; with one fold it is the
    exponent itself.

    Args:
        runs: an EXPERIMENT_RUNS table of one variant.
    """
    from scipy import stats

    x, y = np.log(runs["specimens"]), np.log(runs["log_loss"])
    frame = pd.DataFrame({"fold": runs["fold"], "x": x, "y": y})
    slope, offset = np.polyfit(frame["x"], frame["y"], 1)
    each = [-np.polyfit(rows["x"], rows["y"], 1)[0] for _, rows in frame.groupby("fold")]
    k = len(each)
    half = float(stats.t.ppf(0.975, k - 1) * stats.sem(each)) if k > 1 else 0.0
    exponent = -float(slope)
    return PowerLaw(float(np.exp(offset)), exponent, exponent - half, exponent + half)


@dataclass(frozen=True)
class PairedTest:
    """A paired difference over folds and seeds, with the corrected resampled t-test.

    Nadeau & Bengio (2003): test folds of repeated cross-validation share training data,
    so the variance of the mean difference is (1/k + n_test/n_train) times that of one.
    Interval and p-value are NaN for a single run.
    """

    difference: float
    low: float
    high: float
    p_value: float
    runs: int


def paired_test(runs: pd.DataFrame, model: str, baseline: str, metric: str) -> PairedTest:
    """Tests the difference of a metric between two variants; the interval is of 95%.

    Args:
        runs: an EXPERIMENT_RUNS table with runs of both for the same seeds and folds.
        model: the variant under test.
        baseline: the variant it is compared with.
        metric: column.
    """
    from scipy import stats

    wide = runs.pivot(index=["seed", "fold"], columns="variant", values=metric)
    difference = (wide[model] - wide[baseline]).dropna().to_numpy()
    k = len(difference)
    ratio = float((runs["n"] / runs["training"]).mean())
    mean = float(difference.mean())
    if k < 2:
        return PairedTest(mean, float("nan"), float("nan"), float("nan"), k)
    error = float(np.sqrt((1 / k + ratio) * difference.var(ddof=1)))
    if error == 0:
        return PairedTest(mean, mean, mean, 0.0 if mean else 1.0, k)
    half = float(stats.t.ppf(0.975, k - 1)) * error
    p_value = float(2 * stats.t.sf(abs(mean) / error, k - 1))
    return PairedTest(mean, mean - half, mean + half, p_value, k)


@dataclass(frozen=True)
class Ceiling:
    """Upper bound of the accuracy of any classifier that uses the mineral alone.

    Attributes:
        share: of the specimens whose mineral has another specimen.
        agreement: probability that two specimens of a mineral are from the same country.
        at_most: upper bound of the accuracy on the specimens of `share`.
    """

    share: float
    agreement: float
    at_most: float


def mineral_ceiling(specimens: pd.DataFrame) -> Ceiling:
    """Estimates the upper bound of the accuracy by mineral from pairs of specimens.

    For a mineral whose specimens come from countries with frequencies p, two of them agree with
    probability sum p², and the best rule has accuracy max p, which is at most the root of sum p².
    Means are over specimens; the root of the mean bounds the mean root.

    Args:
        specimens: columns `mineral`, `country`, one row per specimen.
    """
    counts = specimens.groupby(["mineral", "country"]).size()
    total = counts.groupby("mineral").sum()
    pairs = (counts * (counts - 1)).groupby("mineral").sum()
    several = total[total > 1]
    if several.empty:
        return Ceiling(0.0, float("nan"), float("nan"))
    agreement = pairs[several.index] / (several * (several - 1))
    mean = float((agreement * several).sum() / several.sum())
    return Ceiling(float(several.sum() / total.sum()), mean, float(np.sqrt(mean)))
