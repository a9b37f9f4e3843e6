"""Answers of geocoding services, cached in SQLite.

What belongs here: storing, finding and exporting answers. What does not: querying (see
`online`).

The key of an answer is the service, its endpoint and the canonical parameters. "Not
found" expires after a while, since maps grow. An error is noted for people to see and
never returned as an answer. Raw answers are kept, so a later version of the project
reads what an earlier one has paid for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

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
"""

GEOCODER_ANSWERS = TableSchema(
    "geocoder_answers",
    (
        Column("source", pa.string(), "geocoding service"),
        Column("endpoint", pa.string(), "its address"),
        Column("parameters", pa.string(), "canonical parameters, JSON"),
        Column("status", pa.string(), "kind of the answer", isin=("hit", "empty", "error")),
        Column("raw", pa.string(), "raw answers, JSON", nullable=True),
        Column("error", pa.string(), "last error", nullable=True),
        Column("asked_at", pa.string(), "time of the answer, ISO 8601, UTC"),
        Column("expires_at", pa.string(), "queried again after this time", nullable=True),
        Column("client_version", pa.string(), "version of the client"),
        Column(
            "data_version", pa.string(), "version of the service's data, by itself", nullable=True
        ),
        Column("licence", pa.string(), "of the answer"),
    ),
    unique_together=("source", "endpoint", "parameters"),
)


@dataclass(frozen=True)
class CacheKey:
    """The key of an answer.

    Attributes:
        source: the service.
        endpoint: its address.
        parameters: all that decides the answer.
    """

    source: str
    endpoint: str
    parameters: Mapping[str, Any]

    @property
    def values(self) -> tuple[str, str, str]:
        """The values of the key columns; the order of parameters does not matter."""
        canonical = json.dumps(self.parameters, sort_keys=True, ensure_ascii=False)
        return self.source, self.endpoint, canonical


class AnswerProvenance(NamedTuple):
    """Versions of the client and of the service's data (None: unknown), and the licence."""

    client_version: str
    data_version: str | None
    licence: str


class GeocodeCache:
    """The cache in one file; several processes may use it at once.

    Args:
        path: of the file; its folder is made.
        empty_days: time-to-live of "not found".

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

    def get(self, key: CacheKey) -> list[dict[str, Any]] | None:
        """Returns the raw answers of a query, None where the service must be queried."""
        with self._naming(), self._open() as connection:
            row = connection.execute(
                "SELECT status, raw, expires_at FROM answers"
                " WHERE provider = ? AND endpoint = ? AND parameters = ?",
                key.values,
            ).fetchone()
        if row is None or row[0] == "error":
            return None
        if row[2] is not None and row[2] <= _now().isoformat():
            return None
        return json.loads(row[1])  # type: ignore[no-any-return]

    def put(
        self, key: CacheKey, raw: Sequence[Mapping[str, Any]], provenance: AnswerProvenance
    ) -> None:
        """Stores the answers to a query; an empty list means "not found"."""
        expires = None if raw else (_now() + self._empty_for).isoformat()
        self._store(key, provenance, "hit" if raw else "empty", json.dumps(raw), None, expires)

    def note_error(self, key: CacheKey, error: str, provenance: AnswerProvenance) -> None:
        """Notes that a query got no answer, unless an answer is stored already."""
        self._store(key, provenance, "error", None, error, None)

    def table(self) -> pa.Table:
        """Returns all answers as a GEOCODER_ANSWERS table, in the order of their keys."""
        names = [c.name for c in GEOCODER_ANSWERS.columns]
        with self._naming(), self._open() as connection:
            # The columns of the file are those of GEOCODER_ANSWERS; the first has an old name.
            rows = connection.execute(
                "SELECT * FROM answers ORDER BY provider, endpoint, parameters"
            ).fetchall()
        return GEOCODER_ANSWERS.from_rows([dict(zip(names, row, strict=True)) for row in rows])

    def _store(
        self,
        key: CacheKey,
        provenance: AnswerProvenance,
        status: str,
        raw: str | None,
        error: str | None,
        expires: str | None,
    ) -> None:
        values = (*key.values, status, raw, error, _now().isoformat(), expires, *provenance)
        # An error never replaces an answer, not even an expired one.
        keep = " ON CONFLICT DO UPDATE SET error = excluded.error" if status == "error" else ""
        verb = "INSERT" if status == "error" else "REPLACE"
        with self._naming(), self._open() as connection:
            connection.execute(
                f"{verb} INTO answers VALUES ({', '.join('?' * len(values))}){keep}", values
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
                "writable, or move a damaged file away (its answers will be queried again)"
            ) from error


def _now() -> datetime:
    return datetime.now(UTC)
