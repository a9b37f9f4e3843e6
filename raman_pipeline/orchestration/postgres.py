"""Dagster's record in Postgres; `dagster.yaml` names this class."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from dagster_postgres import DagsterPostgresStorage

from raman_pipeline.common.database import postgres_url


class PostgresStorage(DagsterPostgresStorage):
    """The storage of `dagster_postgres`, which keeps its connections.

    It opens one for every statement, which makes a short step four times as long (a password is
    slow to check by design). A kept connection is tried before use, so that a database that was
    restarted in between is not noticed.
    """

    def __init__(self, postgres_url: str, **options: Any) -> None:
        super().__init__(postgres_url, **options)
        self._kept = sqlalchemy.create_engine(
            postgres_url, isolation_level="AUTOCOMMIT", pool_pre_ping=True, pool_size=2
        )
        storages: list[Any] = [
            self.run_storage, self.event_log_storage, self.schedule_storage
        ]  # fmt: skip
        for storage in storages:
            storage._engine = self._kept
        # Dagster disposes of the parts of a storage, not of the whole.
        former = self.event_log_storage.dispose

        def dispose() -> None:
            former()
            self._kept.dispose()

        storages[1].dispose = dispose

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> PostgresStorage:
        """Returns the storage at an address such as `postgresql://user:password@host/name`.

        SQLAlchemy takes plain `postgresql://` for a driver that dagster-postgres does not use.
        """
        url = postgres_url(config_value["postgres_url"])
        return cls(
            postgres_url=url.render_as_string(hide_password=False),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
        )
