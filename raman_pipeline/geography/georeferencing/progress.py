"""How far a long geocoding is, in words: counts, and the time that is left.

What belongs here: the estimate. What does not: where it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pandas as pd

from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.geocoding.online import OnlineGeocoder
from raman_pipeline.geography.georeferencing.candidates import search_of

_EVERY_S = 15.0


def announce(localities: pd.DataFrame, atlas: Atlas, services: Sequence[OnlineGeocoder]) -> str:
    """Says how many questions there are at most, and how long they take at the set pace."""
    naming = localities[localities["iso_a2"].notna()].to_dict("records")
    searches = [search_of(row, atlas) for row in naming]
    distinct = {(search.iso_a2, step.query) for search in searches for step in search.steps}
    parts = [
        f"{s.source} at {s.service.endpoint}: at most "
        f"{_span(len(distinct) * s.manners.seconds_between_requests)} at one request in "
        f"{s.manners.seconds_between_requests:g} s"
        for s in services
    ]
    return (
        f"{len(naming):,} localities, at most {len(distinct):,} distinct questions "
        f"(fewer: the first accepted answer ends a search, kept answers cost nothing). "
        + "; ".join(parts)
    )


class Pace:
    """Tells the state of a geocoding every few seconds; to be called after each locality.

    Args:
        services: whose tallies are told.
        say: where to.
    """

    def __init__(self, services: Sequence[OnlineGeocoder], say: Callable[[str], None]) -> None:
        self._services = services
        self._say = say
        self._start = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Tells, if it is time, that `done` of `total` localities are done."""
        now = time.monotonic()
        if now - self._last < _EVERY_S and done < total:
            return
        self._last = now
        tallies = "; ".join(
            f"{s.source}: {s.tally.asked:,} asked ({s.tally.empty:,} found nothing), "
            f"{s.tally.cached:,} kept answers"
            for s in self._services
        )
        left = (now - self._start) / done * (total - done) if done else None
        estimate = "" if left is None or done == total else f"; about {_span(left)} left"
        self._say(f"{done:,} of {total:,} localities{estimate}. {tallies}")


def _span(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
