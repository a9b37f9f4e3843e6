"""The command `raman-pipeline page`."""

from __future__ import annotations

from typing import Annotated

import typer

from raman_pipeline.cli.console import LibraryFile, LibraryProfile


def page(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="port on this machine; 0: a free one")
    ] = 8765,
    profile: LibraryProfile = None,
    library: LibraryFile = None,
) -> None:
    """Open a page for the browser that identifies files; nothing leaves this machine."""
    from raman_pipeline.cli.identify import library_file
    from raman_pipeline.cli.identify_output import SIMULATED, own_line
    from raman_pipeline.cli.own_library import own_library_file
    from raman_pipeline.page.answers import Answers
    from raman_pipeline.page.server import listening_socket, serve

    opened = listening_socket(port)
    answers = Answers(library_file(profile, library), own_library_file())
    if answers.facts["simulated"]:
        print(SIMULATED)
    print(f"library: {answers.facts['file']}, {answers.facts['spectra']:,} spectra")
    print("".join(f"{line}\n" for line in own_line(answers.facts)), end="")
    print(f"Page on http://127.0.0.1:{opened.getsockname()[1]} (stop it with Ctrl-C)", flush=True)
    serve(answers, opened)
