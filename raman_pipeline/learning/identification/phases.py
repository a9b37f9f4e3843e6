"""The phases of a map, and how much of it each is."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

UNKNOWN, NO_ANSWER = "unknown", "no answer"
"""Phases of points whose mineral is probably not in the library, and of unusable spectra."""


class Phase(NamedTuple):
    """A phase of a map: its points, their share of all, the median probability of its mineral."""

    name: str
    points: int
    share: float
    probability: float | None


def phases_of(points: Iterable[tuple[str, float]]) -> list[Phase]:
    """Returns the phases of points with their probabilities, those with most points first."""
    found: dict[str, list[float]] = {}
    for phase, probability in points:
        found.setdefault(phase, []).append(probability)
    total = sum(map(len, found.values()))
    return [
        Phase(name, len(all_), len(all_) / total, None if name == NO_ANSWER else median(all_))
        for name, all_ in sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    ]
