"""What the commands share: consoles, common options, settings, errors of one line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.storage import StorePath, on_this_machine, store_path

if TYPE_CHECKING:
    from raman_pipeline.settings import Settings

_WIDTH_WITHOUT_TERMINAL = 140
# Names of files, and errors, may hold brackets: nothing in a text is markup.
_WIDTH = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
out = Console(width=_WIDTH, markup=False, highlight=False)
err = Console(stderr=True, markup=False, highlight=False)

Profile = Annotated[
    str | None,
    typer.Option("--profile", help="sample, rruff or paper [env: RAMAN_PIPELINE_PROFILE]"),
]
Location = Annotated[
    str | None,
    typer.Option("--rruff-url", help="https://…, file:///… or a folder of zips [env: RRUFF_URL]"),
]
LibraryProfile = Annotated[
    str | None, typer.Option("--profile", help="profile of RRUFF's library, as for `identify`")
]
LibraryFile = Annotated[
    str | None, typer.Option("--library", help="another library file; also s3://bucket/…")
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine", help="local, or ray: on the cluster at RAY_ADDRESS [env: RAMAN_PIPELINE_ENGINE]"
    ),
]


def print_error(message: str) -> None:
    """Prints an error line."""
    err.print(Text.assemble(("error:", "red"), f" {message}"), soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Prints an error line and ends the command with status 1."""
    print_error(message)
    sys.exit(1)


def profile_settings(
    profile: str | None, location: str | None = None, engine: str | None = None
) -> Settings:
    """Returns the settings that the options and the environment name."""
    from raman_pipeline.profiles import load_settings

    return load_settings(profile, location=location, engine=engine)


def any_path(text: str) -> StorePath:
    """Returns the path of an argument: of this machine, or an address in a bucket.

    Raises:
        typer.BadParameter: an address of another kind, or the package for S3 is missing.
    """
    try:
        return store_path(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def local_path(text: str) -> Path:
    """Returns the path of an argument that must be a file or folder of this machine.

    Raises:
        typer.BadParameter: it is an address.
    """
    try:
        return on_this_machine(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error
