"""The command `raman-pipeline ui`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from raman_pipeline.cli.console import Location, Profile, out, profile_settings


def ui(
    profile: Profile = None,
    rruff_url: Location = None,
    port: Annotated[int, typer.Option(help="port on this machine")] = 3000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
) -> None:
    """Open Dagster on the instance of a profile (`dagster dev`)."""
    from raman_pipeline.runs.instance import WORKSPACE, fail_orphans, open_instance, prepare_home
    from raman_pipeline.settings import INDEX_URL

    settings = profile_settings(profile, rruff_url)
    with open_instance(settings) as instance:
        # A run of a killed process would look unfinished, and `follow_up` would wait for it.
        fail_orphans(settings, instance)
    environment = os.environ | {
        "DAGSTER_HOME": str(prepare_home(settings)),
        "RAMAN_PIPELINE_PROFILE": settings.profile,
        "RAMAN_PIPELINE_STORE": str(settings.store),
        "RRUFF_URL": settings.archives.location,
        INDEX_URL: _serve(host, settings.store)
        + str(settings.index_page.relative_to(settings.store)),
    }
    arguments = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE)]
    arguments += ["--host", host, "--port", str(port)]
    out.print(f"Dagster on http://{host}:{port} ({settings.profile} profile, {settings.store})")
    os.execve(sys.executable, arguments, environment)


class _Files(SimpleHTTPRequestHandler):
    """Serves files without a line per request in the terminal."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _serve(host: str, folder: Path) -> str:
    """Serves a folder for the links of the UI, which may not open files; returns its address.

    A process of its own does it, as this one becomes Dagster's; it ends when this one does.
    """
    server = ThreadingHTTPServer((host, 0), partial(_Files, directory=str(folder)))
    address, parent = f"http://{host}:{server.server_port}/", os.getpid()
    if os.fork():
        server.server_close()
        return address
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)
