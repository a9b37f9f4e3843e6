"""Calibrated probabilities: whether the mineral is in the library, and which one it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

LIBRARY_PRIOR = 0.8
"""Prior probability that the mineral of a query is in the library."""
_FOLLOWING = 5
_NEAR = 0.1
_USUAL_POINTS = 1000


@dataclass(frozen=True)
class Calibration:
    """Parameters that turn scores of minerals into probabilities.

    Attributes:
        weights: of the features, for the log odds that the mineral is in the library.
        intercept: of those log odds, at nearly equal priors (copies of
            noise alone count as absent: .06 off).
        temperatures: of the two softmaxes over minerals that are mixed: the first for queries
            similar to their mineral, the second for those that are not.
        second_weight: weight of the second softmax.
        queries: number of spectra it was fitted on.
    """

    weights: tuple[float, ...]
    intercept: float
    temperatures: tuple[float, float]
    second_weight: float
    queries: int

    def in_library(
        self, scores: Floats, attenuation: Floats, points: Floats
    ) -> npt.NDArray[np.float64]:
        """Returns the probability that the mineral is in the library, float64 [q].

        Args:
            scores: of minerals, [q, minerals].
            attenuation: of the queries by noise, [q] (see `preparation.attenuation`).
            points: that are compared, [q].
        """
        odds = features(scores, attenuation, points) @ np.array(self.weights) + self.intercept
        return 1 / (1 + np.exp(-odds) * (1 - LIBRARY_PRIOR) / LIBRARY_PRIOR)

    def conditional(self, scores: Floats, attenuation: Floats) -> npt.NDArray[np.float64]:
        """Returns probabilities of minerals, given that one is in the library, [q, minerals]."""
        scaled = scores / attenuation[:, None]
        first, second = (softmax(scaled, t) for t in self.temperatures)
        return (1 - self.second_weight) * first + self.second_weight * second

    def probabilities(
        self, scores: Floats, attenuation: Floats, points: Floats
    ) -> npt.NDArray[np.float64]:
        """Returns probabilities of minerals, float64 [q, minerals]; the rest is "unknown"."""
        known = self.in_library(scores, attenuation, points)
        return self.conditional(scores, attenuation) * known[:, None]

    def as_json(self) -> dict[str, Any]:
        """Returns plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        """Reads the output of `as_json`."""
        tuples = {name: tuple(data[name]) for name in ("weights", "temperatures")}
        return cls(**{**data, **tuples})


def among(
    in_library: Floats, conditional: Floats, allowed: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns both probabilities, given that no mineral of the library is it but the allowed ones.

    Where the spectrum speaks for others, that it is none of the library becomes more probable.

    Args:
        in_library: that the mineral is in the library, [q].
        conditional: of minerals, given that one is in the library, [q, minerals].
        allowed: [minerals].
    """
    share = np.maximum(conditional[:, allowed].sum(axis=1), np.finfo(np.float64).tiny)
    found = in_library * share / (in_library * share + 1 - in_library)
    return found, conditional[:, allowed] / share[:, None]


def softmax(scores: Floats, temperature: float) -> npt.NDArray[np.float64]:
    """Returns the softmax of scores [q, minerals] at a temperature."""
    values = np.exp((scores - scores.max(axis=1, keepdims=True)).astype(np.float64) / temperature)
    return values / values.sum(axis=1, keepdims=True)


def features(scores: Floats, attenuation: Floats, points: Floats) -> npt.NDArray[np.float64]:
    """Returns the features that separate known from unknown minerals, float64 [q, 6].

    Of scores without the effect of noise: the best, its lead over the second and over the mean of
    the next five, and the logarithm of the number of minerals near it; the attenuation by noise;
    and the logarithm of the number of points.
    """
    scores = scores / attenuation[:, None]
    few = _FOLLOWING + 1
    # Where known elements leave few minerals, what is not there resembles the query not at all.
    scores = np.maximum(np.pad(scores, ((0, 0), (0, max(0, few - scores.shape[1])))), 0)
    top = -np.sort(-np.partition(scores, -few, axis=1)[:, -few:].astype(np.float64), axis=1)
    best, second = top[:, 0], top[:, 1]
    near = (scores > np.maximum(best[:, None] - _NEAR, 0)).sum(axis=1)
    following = top[:, 1:].mean(axis=1)
    return np.column_stack(
        [
            best,
            best - second,
            best - following,
            np.log(np.maximum(near, 1)),
            attenuation,
            np.log(points / _USUAL_POINTS),
        ]
    )
