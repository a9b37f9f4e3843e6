"""Answers of geocoding services, kept in SQLite.

What belongs here: storing, finding and exporting answers, and the turn-taking of
processes that share a cache. What does not: asking (see `online_geocoder`).

An answer's key is the service, its endpoint and the canonical parameters. "Not found"
is kept for a while, since maps grow; an error is noted, for people to see, and never
returned as an answer.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.geography.errors import CacheError

_BUSY_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    provider TEXT NOT NULL, endpoint TEXT NOT NULL, parameters TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('hit', 'empty', 'error')),
    raw TEXT, error TEXT, asked_at TEXT NOT NULL, expires_at TEXT,
    client_version TEXT NOT NULL, data_version TEXT, licence TEXT NOT NULL,
    PRIMARY KEY (provider, endpoint, parameters)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (endpoint TEXT PRIMARY KEY, free_at REAL NOT NULL);
"""

GEOCODER_ANSWERS = TableSchema(
    "geocoder_answers",
    (
        Column("provider", pa.string(), "geocoding service"),
        Column("endpoint", pa.string(), "where it was asked"),
        Column("parameters", pa.string(), "canonical parameters, JSON"),
        Column("status", pa.string(), "what came", isin=("hit", "empty", "error")),
        Column("raw", pa.string(), "answers as they came, JSON", nullable=True),
        Column("error", pa.string(), "what went wrong the last time", nullable=True),
        Column("asked_at", pa.string(), "time of the answer, ISO 8601, UTC"),
        Column("expires_at", pa.string(), "asked again after this", nullable=True),
        Column("client_version", pa.string(), "client that asked"),
        Column("data_version", pa.string(), "the service's own word", nullable=True),
        Column("licence", pa.string(), "of the answer"),
    ),
    unique_together=("provider", "endpoint", "parameters"),
)


@dataclass(frozen=True)
class Asked:
    """A question as the cache knows it.

    Attributes:
        provider: the service.
        endpoint: its address.
        parameters: what decides the answer.
        client_version: of the client.
        data_version: of the service's data, where it says.
        licence: of the answers.
    """

    provider: str
    endpoint: str
    parameters: Mapping[str, Any]
    client_version: str
    data_version: str | None
    licence: str

    @property
    def key(self) -> tuple[str, str, str]:
        """The key of the answer."""
        canonical = json.dumps(self.parameters, sort_keys=True, ensure_ascii=False)
        return self.provider, self.endpoint, canonical


class GeocodeCache:
    """The cache in one file; several processes may use it at once.

    Args:
        path: of the file; its folder is made.
        empty_days: "not found" is believed for so long.

    Raises:
        CacheError: the file cannot be opened or is no such cache.
    """

    def __init__(self, path: Path, empty_days: float = 60.0) -> None:
        self.path = path
        self._empty_for = timedelta(days=empty_days)
        with self._naming():
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(_SCHEMA)

    def get(self, asked: Asked) -> list[dict[str, Any]] | None:
        """Returns the raw answers kept for a question, None where it must be asked."""
        with self._naming(), self._open() as connection:
            row = connection.execute(
                "SELECT status, raw, expires_at FROM answers"
                " WHERE provider = ? AND endpoint = ? AND parameters = ?",
                asked.key,
            ).fetchone()
        if row is None or row[0] == "error":
            return None
        if row[2] is not None and row[2] <= _now().isoformat():
            return None
        return json.loads(row[1])  # type: ignore[no-any-return]

    def put(self, asked: Asked, raw: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the answers to a question; none at all means "not found"."""
        expires = None if raw else (_now() + self._empty_for).isoformat()
        self._store(asked, "hit" if raw else "empty", json.dumps(raw), None, expires)

    def note_error(self, asked: Asked, error: str) -> None:
        """Notes that a question got no answer, unless one is kept already."""
        self._store(asked, "error", None, error, None)

    def wait_turn(self, endpoint: str, seconds: float) -> None:
        """Waits until this process may ask: all users of the file together keep the rate."""
        with self._naming(), self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT free_at FROM turns WHERE endpoint = ?", (endpoint,)
            ).fetchone()
            now = time.time()
            # A clock set back must not make anyone wait for hours.
            turn = max(now, min(row[0], now + 100 * seconds)) if row else now
            connection.execute("REPLACE INTO turns VALUES (?, ?)", (endpoint, turn + seconds))
            connection.commit()
        time.sleep(max(turn - now, 0.0))

    def table(self) -> pa.Table:
        """Returns all answers as a GEOCODER_ANSWERS table, in the order of their keys."""
        names = [c.name for c in GEOCODER_ANSWERS.columns]
        with self._naming(), self._open() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(names)} FROM answers ORDER BY provider, endpoint, parameters"
            ).fetchall()
        return GEOCODER_ANSWERS.from_rows([dict(zip(names, row, strict=True)) for row in rows])

    def _store(
        self, asked: Asked, status: str, raw: str | None, error: str | None, expires: str | None
    ) -> None:
        values = (*asked.key, status, raw, error, _now().isoformat(), expires)
        about = (asked.client_version, asked.data_version, asked.licence)
        # An error never takes the place of an answer, not even of an expired one.
        keep = " ON CONFLICT DO UPDATE SET error = excluded.error" if status == "error" else ""
        verb = "INSERT" if status == "error" else "REPLACE"
        with self._naming(), self._open() as connection:
            connection.execute(
                f"{verb} INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?){keep}",
                (*values, *about),
            )
            connection.commit()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as connection:
            yield connection

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise CacheError(
                f"{self.path}: the geocoder cache cannot be used ({error}); make the folder "
                "writable, or move a damaged file away (its answers will be asked again)"
            ) from error


def _now() -> datetime:
    return datetime.now(UTC)
