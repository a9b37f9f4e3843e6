"""A geocoding service behind a cache, with a rate policy and retries.

What belongs here: when a service is queried and what its failures mean. What does not:
its parameters and answers (see `services`), where answers are stored (see `cache`).
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQueryError,
    GeocoderQuotaExceeded,
    GeopyError,
)

from raman_pipeline.common.atomic import WriteError
from raman_pipeline.common.rate_policy import MAX_WAIT_S, RatePolicy
from raman_pipeline.geography.errors import GeocoderError
from raman_pipeline.geography.geocoding.cache import AnswerProvenance, CacheKey, GeocodeCache
from raman_pipeline.geography.geocoding.geocoder import Candidate, GeocodeQuery
from raman_pipeline.geography.geocoding.service_terms import TERMS
from raman_pipeline.geography.geocoding.services import CLIENT_VERSION, USER_AGENT, Service

_FAILURES = (GeopyError, OSError, http.client.HTTPException, ValueError, KeyError, TypeError)
_FINAL = (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQueryError,
    GeocoderQuotaExceeded,
    WriteError,
)


@dataclass
class Tally:
    """Counts of queries: sent to the service, answered by the cache, without a result."""

    sent: int = 0
    cached: int = 0
    empty: int = 0


@dataclass
class OnlineGeocoder:
    """A service with the interface of all geocoders.

    Args:
        service: the service.
        cache: where answers are stored.
        policy: rate and retries.
    """

    service: Service
    cache: GeocodeCache
    policy: RatePolicy
    tally: Tally = field(default_factory=Tally)

    @property
    def source(self) -> str:
        """Name of the service."""
        return self.service.source

    @property
    def provider(self) -> str:
        """Provider of its data."""
        return TERMS[self.service.source].provider

    def find(self, query: GeocodeQuery) -> list[Candidate]:
        """Returns the answers of the service, from the cache where they are stored.

        Raises:
            GeocoderError: no answer after all attempts; nothing was stored as "not found".
            CacheError: the cache cannot be used.
        """
        key = CacheKey(self.source, self.service.endpoint, self.service.parameters(query))
        raw = self.cache.get(key)
        if raw is not None:
            self.tally.cached += 1
            return [self.service.read(answer) for answer in raw]
        licence = TERMS[self.service.source].licence
        provenance = AnswerProvenance(CLIENT_VERSION, self._data_version, licence)
        retrying = self.policy.retrying(_is_transient, _retry_after_s)
        try:
            raw, candidates = retrying(self._send, query)
        except WriteError:
            raise
        except _FAILURES as error:
            self.cache.note_error(key, f"{type(error).__name__}: {error}"[:500], provenance)
            raise GeocoderError(
                f"{self.source} at {self.service.endpoint} did not answer {query.text!r} "
                f"({type(error).__name__}: {str(error)[:200]}); nothing was taken for not found. "
                f"Run again to resume from here, or leave {self.source} out of GEOCODERS"
            ) from error
        self.cache.put(key, raw, provenance)
        self.tally.sent += 1
        self.tally.empty += not raw
        return candidates

    def _send(self, query: GeocodeQuery) -> tuple[list[dict[str, Any]], list[Candidate]]:
        self.policy.wait_for_turn()
        raw = self.service.query(query)
        # Read before it is stored: an answer in an unknown form is an error, too.
        return raw, [self.service.read(answer) for answer in raw]

    @cached_property
    def _data_version(self) -> str | None:
        """The version of the service's data, by itself; queried once, and optional."""
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


def _is_transient(error: BaseException) -> bool:
    """Returns whether another attempt in this run may help."""
    from geopy.exc import GeocoderRateLimited

    if isinstance(error, GeocoderRateLimited):
        # A service that asks for a longer pause is not queried until the next run.
        return (_retry_after_s(error) or 0) <= MAX_WAIT_S
    return isinstance(error, _FAILURES) and not isinstance(error, _FINAL)


def _retry_after_s(error: BaseException) -> float | None:
    from geopy.exc import GeocoderRateLimited

    return error.retry_after or None if isinstance(error, GeocoderRateLimited) else None
