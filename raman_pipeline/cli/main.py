"""The command `raman-pipeline`: its subcommands and their former names."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from raman_pipeline.cli import graph
from raman_pipeline.cli.console import err, fail
from raman_pipeline.cli.export_folds import export_folds
from raman_pipeline.cli.identify import identify
from raman_pipeline.cli.locate import locate
from raman_pipeline.cli.own_library import app as own_library
from raman_pipeline.cli.page import page
from raman_pipeline.cli.show import show
from raman_pipeline.cli.status import status
from raman_pipeline.cli.trace import trace
from raman_pipeline.cli.ui import ui
from raman_pipeline.cli.validate import validate
from raman_pipeline.common.errors import Advice, InputError
from raman_pipeline.common.storage import failure

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From the RRUFF Raman archives to located spectra and evaluated models.",
)
COMMANDS: dict[str, Callable[..., None]] = {
    "run": graph.run,
    "status": status,
    "ui": ui,
    "backfill": graph.backfill,
    "experiments": graph.experiments,
    "cluster": graph.cluster,
    "build-library": graph.build_library,
    "synthetic-benchmark": graph.synthetic_benchmark,
    "accept-update": graph.accept_update,
    "identify": identify,
    "show": show,
    "page": page,
    "locate": locate,
    "validate": validate,
    "trace": trace,
    "export-folds": export_folds,
}
FORMER_NAMES = {
    "study": "experiments",
    "synthetic": "synthetic-benchmark",
    "check": "validate",
    "accept": "accept-update",
}
"""Names of version 0.1, kept for one version."""


def _renamed(former: str, name: str) -> Callable[..., None]:
    command = COMMANDS[name]

    @wraps(command)
    def alias(*arguments: Any, **options: Any) -> None:
        err.print(f"`{former}` is now `{name}`; the former name goes with the next version")
        command(*arguments, **options)

    return alias


for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
app.add_typer(own_library, name="library")
for _former, _name in FORMER_NAMES.items():
    app.command(_former, hidden=True)(_renamed(_former, _name))


def main() -> None:
    """Runs the command; errors and warnings for the user are one line, no others are shown."""
    # Imports make a million objects that last; Python would look through them again and again, a
    # sixth of the time of a short command.
    gc.set_threshold(50_000)
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.showwarning = _show_advice
        # A file named -x.csv is no option.
        sys.argv[1:] = [f"./{a}" if _is_file_with_hyphen(a) else a for a in sys.argv[1:]]
        try:
            app()
        except OSError as error:
            named = error.filename is not None and error.strerror
            remedy = "check the path and its permissions"
            fail(f"{error.filename}: {error.strerror}; {remedy}" if named else str(error))
        except InputError as error:
            fail(str(error))
        except Exception as error:
            if (text := failure(error)) is None:
                raise
            fail(text)


def _is_file_with_hyphen(argument: str) -> bool:
    path = Path(argument)
    return argument.startswith("-") and bool(path.suffix) and path.is_file()


def _show_advice(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, Advice):
        err.print(f"warning: {message}", soft_wrap=True)


if __name__ == "__main__":
    main()
