"""How far to trust an answer: the chance that the mineral is in the library, and which it is.

What belongs here: probabilities from scores. What does not: fitting them (see `calibrating`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

KNOWN_PRIOR = 0.8
"""Share of queries whose mineral is taken to be in the library, before the spectrum is seen."""
_NEXT = 5
_NEAR = 0.1


@dataclass(frozen=True)
class Confidence:
    """Numbers that make probabilities of scores.

    Attributes:
        weights: of the features, for the log odds that the mineral is in the library.
        intercept: of those log odds, where as many queries are in it as are not.
        temperatures: scores are divided by them before the softmax over minerals; the first is
            for queries that their mineral is like, the second for those that it is not.
        second: share of the second kind.
        queries: how many spectra it was fitted on.
    """

    weights: tuple[float, ...]
    intercept: float
    temperatures: tuple[float, float]
    second: float
    queries: int

    def known(self, scores: Floats) -> npt.NDArray[np.float64]:
        """Returns the chance that the mineral is in the library, float64 [q]."""
        odds = features(scores) @ np.array(self.weights) + self.intercept
        return 1 / (1 + np.exp(-odds) * (1 - KNOWN_PRIOR) / KNOWN_PRIOR)

    def shares(self, scores: Floats) -> npt.NDArray[np.float64]:
        """Returns the chance of each mineral, given that it is in the library, [q, minerals]."""
        few, many = (softened(scores, t) for t in self.temperatures)
        return (1 - self.second) * few + self.second * many

    def probabilities(self, scores: Floats) -> npt.NDArray[np.float64]:
        """Returns the chance of each mineral, float64 [q, minerals]; what is left is "unknown"."""
        return self.shares(scores) * self.known(scores)[:, None]

    def as_json(self) -> dict[str, Any]:
        """Returns plain data."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Confidence:
        """Reads what `as_json` gave."""
        return cls(
            tuple(data["weights"]),
            data["intercept"],
            tuple(data["temperatures"]),
            data["second"],
            data["queries"],
        )


def softened(scores: Floats, temperature: float) -> npt.NDArray[np.float64]:
    """Returns the softmax of scores [q, minerals] over a temperature."""
    values = np.exp((scores - scores.max(axis=1, keepdims=True)).astype(np.float64) / temperature)
    return values / values.sum(axis=1, keepdims=True)


def features(scores: Floats) -> npt.NDArray[np.float64]:
    """Returns what tells known from unknown minerals, float64 [q, 4].

    The best score, its lead over the second and over the mean of the next five, and the logarithm
    of how many minerals come near it.
    """
    few = min(_NEXT + 1, scores.shape[1])
    top = -np.sort(-np.partition(scores, -few, axis=1)[:, -few:].astype(np.float64), axis=1)
    best = top[:, 0]
    second = top[:, min(1, few - 1)]
    near = (scores > best[:, None] - _NEAR).sum(axis=1)
    following = top[:, 1:].mean(axis=1) if few > 1 else best
    return np.column_stack([best, best - second, best - following, np.log(near)])
