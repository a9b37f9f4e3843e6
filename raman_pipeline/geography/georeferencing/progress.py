"""The progress of a long geocoding in words: counts, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from raman_pipeline.geography.geocoding.online import OnlineGeocoder

_EVERY_S = 15.0


def announce(localities: pa.Table, services: Sequence[OnlineGeocoder]) -> str:
    """Returns how many queries there are at most, and how long they take at the set rate.

    Args:
        localities: a LOCALITIES table.
        services: to be queried.
    """
    naming = [row for row in localities.select(["iso_a2", "steps"]).to_pylist() if row["iso_a2"]]
    queries = len({(row["iso_a2"], step["query"]) for row in naming for step in row["steps"]})
    parts = [
        f"{s.source} at {s.service.endpoint}: at most "
        f"{_span(queries * s.policy.seconds_between_requests)} at one request per "
        f"{s.policy.seconds_between_requests:g} s"
        for s in services
    ]
    return (
        f"{len(naming):,} localities, at most {queries:,} distinct queries "
        "(fewer: the first accepted answer ends a search, cached answers cost nothing). "
        + "; ".join(parts)
    )


class GeocodingProgress:
    """Reports the state of a geocoding every few seconds; to be called after each locality.

    Args:
        services: whose counts are reported.
        report: receives each line.
    """

    def __init__(self, services: Sequence[OnlineGeocoder], report: Callable[[str], None]) -> None:
        self._services = services
        self._report = report
        self._start = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Reports, if it is time, that `done` of `total` localities are done."""
        now = time.monotonic()
        if now - self._last < _EVERY_S and done < total:
            return
        self._last = now
        counts = "; ".join(
            f"{s.source}: {s.tally.sent:,} queries ({s.tally.empty:,} found nothing), "
            f"{s.tally.cached:,} cached answers"
            for s in self._services
        )
        left = (now - self._start) / done * (total - done) if done else None
        estimate = "" if left is None or done == total else f"; about {_span(left)} left"
        self._report(f"{done:,} of {total:,} localities{estimate}. {counts}")


def _span(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
