"""A geocoding service with manners: cached, at its pace, asked again after an error.

What belongs here: when a service is asked and what its failures mean. What does not:
what it is asked (see `services`), where answers are kept (see `geocode_cache`).
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import httpx
import tenacity
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQueryError,
    GeocoderQuotaExceeded,
    GeocoderRateLimited,
    GeopyError,
)

from raman_pipeline.geography.errors import GeocoderError
from raman_pipeline.geography.geocoding.cache import Asked, GeocodeCache
from raman_pipeline.geography.geocoding.geocoder import Candidate, Question
from raman_pipeline.geography.geocoding.service_terms import TERMS
from raman_pipeline.geography.geocoding.services import CLIENT_VERSION, USER_AGENT, Service

MAX_WAIT_S = 300.0
"""A service that asks for a longer pause is left alone until the next run."""

_FAILURES = (GeopyError, OSError, http.client.HTTPException, ValueError, KeyError, TypeError)
_FINAL = (GeocoderAuthenticationFailure, GeocoderInsufficientPrivileges, GeocoderQueryError)


@dataclass(frozen=True)
class Manners:
    """How a service is treated: seconds, and attempts for one question."""

    seconds_between_requests: float
    attempts: int = 5
    backoff_s: float = 2.0


@dataclass
class Tally:
    """What a geocoder did so far."""

    asked: int = 0
    cached: int = 0
    empty: int = 0


@dataclass
class OnlineGeocoder:
    """A service behind the interface of all geocoders.

    Args:
        service: what is asked.
        cache: where answers are kept.
        manners: how it is treated.
    """

    service: Service
    cache: GeocodeCache
    manners: Manners
    tally: Tally = field(default_factory=Tally)

    @property
    def source(self) -> str:
        """Name of the service."""
        return self.service.source

    @property
    def family(self) -> str:
        """Whose data it reads."""
        return TERMS[self.service.source].family

    def find(self, question: Question) -> list[Candidate]:
        """Returns what the service answers, from the cache where it stands there.

        Raises:
            GeocoderError: no answer after all attempts; nothing was kept as "not found".
            CacheError: the cache cannot be used.
        """
        asked = Asked(
            self.service.source,
            self.service.endpoint,
            self.service.parameters(question),
            CLIENT_VERSION,
            None,
            TERMS[self.service.source].licence,
        )
        raw = self.cache.get(asked)
        if raw is not None:
            self.tally.cached += 1
            return [self.service.read(answer) for answer in raw]
        asked = replace(asked, data_version=self._data_version)
        try:
            raw, candidates = self._retrying()(self._ask, question)
        except _FAILURES as error:
            self.cache.note_error(asked, f"{type(error).__name__}: {error}"[:500])
            raise GeocoderError(
                f"{self.source} at {self.service.endpoint} did not answer {question.text!r} "
                f"({type(error).__name__}: {str(error)[:200]}); nothing was taken for not found. "
                f"Run again to go on from here, or leave {self.source} out of GEOCODERS"
            ) from error
        self.cache.put(asked, raw)
        self.tally.asked += 1
        self.tally.empty += not raw
        return candidates

    def _ask(self, question: Question) -> tuple[list[dict[str, Any]], list[Candidate]]:
        self.cache.wait_turn(self.service.endpoint, self.manners.seconds_between_requests)
        raw = self.service.ask(question)
        # Read before it is kept: an answer in a form unknown is an error, too.
        return raw, [self.service.read(answer) for answer in raw]

    def _retrying(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_attempt(self.manners.attempts),
            wait=self._pause,
            reraise=True,
        )

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, GeocoderRateLimited) and error.retry_after:
            return float(error.retry_after)
        back_off = tenacity.wait_random_exponential(self.manners.backoff_s, max=60.0)
        return float(back_off(state))

    @cached_property
    def _data_version(self) -> str | None:
        """What the service says of its data; asked once, and not needed."""
        if self.service.status_path is None:
            return None
        try:
            answer = httpx.get(
                self.service.endpoint + self.service.status_path,
                headers={"User-Agent": USER_AGENT},
                timeout=10.0,
            )
            about = answer.json() if answer.status_code == httpx.codes.OK else {}
        except (httpx.HTTPError, ValueError):
            return None
        # Nominatim with updates, Photon, and a Nominatim that was imported once.
        names = ("data_updated", "import_date", "database_version")
        return next((f"{name} {about[name]}" for name in names if about.get(name)), None)


def _may_pass(error: BaseException) -> bool:
    """Tells whether asking again may help."""
    if isinstance(error, GeocoderRateLimited):
        return (error.retry_after or 0) <= MAX_WAIT_S
    if isinstance(error, GeocoderQuotaExceeded):
        return False
    return isinstance(error, _FAILURES) and not isinstance(error, _FINAL)
