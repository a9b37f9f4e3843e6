"""Answers of geocoding services, cached in SQLite or in a shared Postgres database.

What belongs here: storing, finding and exporting answers. What does not: querying (see
`online`).

The key of an answer is the service, its endpoint and the canonical parameters. "Not
found" expires after a while, since maps grow. An error is noted for people to see and
never returned as an answer. Raw answers are kept, so a later version of the project
reads what an earlier one has paid for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.geography.errors import CacheError

_BUSY_S = 60.0
_KEY = ("provider", "endpoint", "parameters")
_OTHERS = (
    "status", "raw", "error", "asked_at", "expires_at", "client_version", "data_version", "licence"
)  # fmt: skip
_NULLABLE = {"raw", "error", "expires_at", "data_version"}


def _answers(name: str) -> sa.Table:
    """Returns the table; its columns are those of GEOCODER_ANSWERS, the first has an old name."""
    return sa.Table(
        name,
        sa.MetaData(),
        *(sa.Column(n, sa.Text, primary_key=True) for n in _KEY),
        *(sa.Column(n, sa.Text, nullable=n in _NULLABLE) for n in _OTHERS),
        sa.CheckConstraint("status IN ('hit', 'empty', 'error')"),
        sqlite_with_rowid=False,
    )


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
    """The cache in one file or in a database; several processes may use it at once.

    Args:
        where: the file, whose folder is made, or the address of a Postgres database.
        empty_days: time-to-live of "not found".

    Raises:
        CacheError: it cannot be opened or is no such cache.
    """

    def __init__(self, where: Path | sa.URL, empty_days: float = 60.0) -> None:
        self._where, self._empty_for = where, timedelta(days=empty_days)
        in_file = isinstance(where, Path)
        # A file holds nothing else; a database may be shared with Dagster.
        self._table = _answers("answers" if in_file else "geocoder_answers")
        url = sa.URL.create("sqlite", database=str(where)) if isinstance(where, Path) else where
        waits = {"timeout": _BUSY_S} if in_file else {}
        self._engine = sa.create_engine(url, poolclass=NullPool, connect_args=waits)
        with self._naming():
            if isinstance(where, Path):
                where.parent.mkdir(parents=True, exist_ok=True)
                with self._engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            try:
                self._create()
            except (IntegrityError, ProgrammingError):
                # In Postgres, of two processes that create a table at once one fails.
                self._create()

    def __str__(self) -> str:
        """Returns the file, or the address without its password."""
        return str(self._where)

    def _create(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(CreateTable(self._table, if_not_exists=True))

    def get(self, key: CacheKey) -> list[dict[str, Any]] | None:
        """Returns the raw answers of a query, None where the service must be queried."""
        columns = self._table.c
        wanted = sa.select(columns.status, columns.raw, columns.expires_at).where(
            *(columns[name] == value for name, value in zip(_KEY, key.values, strict=True))
        )
        with self._naming(), self._engine.connect() as connection:
            row = connection.execute(wanted).fetchone()
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
        with self._naming(), self._engine.connect() as connection:
            rows = connection.execute(sa.select(self._table)).fetchall()
        # Sorted here, as databases differ in their order of text.
        rows = sorted(rows, key=lambda row: tuple(row[: len(_KEY)]))
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
        row = dict(zip((*_KEY, *_OTHERS), values, strict=True))
        dialect = sqlite if self._engine.dialect.name == "sqlite" else postgresql
        # An error never replaces an answer, not even an expired one.
        replaced = ("error",) if status == "error" else _OTHERS
        statement = (
            dialect.insert(self._table)
            .values(row)
            .on_conflict_do_update(index_elements=_KEY, set_={name: row[name] for name in replaced})
        )
        with self._naming(), self._engine.begin() as connection:
            connection.execute(statement)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            remedy = (
                "make the folder writable, or move a damaged file away (its answers will be "
                "queried again)"
                if isinstance(self._where, Path)
                else "start it, or correct RAMAN_PIPELINE_DB"
            )
            reason = str(getattr(error, "orig", None) or error).strip()
            raise CacheError(
                f"{self}: the geocoder cache cannot be used ({reason}); {remedy}"
            ) from error


def _now() -> datetime:
    return datetime.now(UTC)
