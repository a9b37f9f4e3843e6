"""The address of a database that several machines share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raman_pipeline.common.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import URL

_DRIVERS = ("postgresql", "postgres", "postgresql+psycopg2")


class DatabaseError(InputError):
    """A database cannot be used; the message never holds its password."""


def postgres_url(address: str) -> URL:
    """Returns an address with the driver that this package installs; it prints without password.

    Args:
        address: `postgresql://user:password@host:port/name`.

    Raises:
        DatabaseError: it is no such address.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS or not url.database:
        raise DatabaseError(
            "RAMAN_PIPELINE_DB is no address of a Postgres database (it is not shown, as it may "
            "hold a password); write postgresql://USER@HOST:PORT/NAME"
        )
    return url.set(drivername="postgresql+psycopg2")
