"""The command `raman-pipeline ui`."""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
import threading
import time
from functools import partial
from html import escape
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Annotated, Any
from urllib.parse import quote

import typer

from raman_pipeline.cli.console import Engine, Location, Profile, out, profile_settings
from raman_pipeline.common.storage import StorePath, below, in_order, local_copy


def ui(
    profile: Profile = None,
    rruff_url: Location = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on this machine")] = 3000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    engine: Engine = None,
) -> None:
    """Open Dagster on the instance of a profile (`dagster dev`)."""
    from raman_pipeline.runs.configuration import WORKSPACE
    from raman_pipeline.runs.instance import environment, fail_orphans, open_instance
    from raman_pipeline.runs.queue import cluster_slots
    from raman_pipeline.settings import INDEX_URL

    settings = profile_settings(profile, rruff_url, engine)
    with open_instance(settings) as instance:
        # A run of a killed process would look unfinished, and `follow_up` would wait for it.
        fail_orphans(settings, instance)
    slots = cluster_slots(settings)
    page = _serve(host, settings.store) + below(settings.store, settings.index_page)
    arguments = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE)]
    arguments += ["--host", host, "--port", str(port)]
    out.print(
        f"Dagster on http://{_name(host)}:{port} ({settings.profile} profile, {settings.store})\n"
        f"All results on {page}",
        soft_wrap=True,
    )
    os.execve(sys.executable, arguments, environment(settings, slots) | {INDEX_URL: page})


class _Files(SimpleHTTPRequestHandler):
    """Serves what the page links to, without a line per request in the terminal."""

    def __init__(self, *arguments: Any, store: StorePath) -> None:
        self.store = store
        # In a bucket, the folder only stands for its prefix.
        super().__init__(*arguments, directory=str(store) if isinstance(store, Path) else "/")

    def send_head(self) -> IO[bytes] | None:  # type: ignore[override]
        """Refuses what is not below the folders of reports and assets: archives, record, cache."""
        try:
            asked = Path(super().translate_path(self.path)).relative_to(self.directory)
            if asked.parts[:1] in (("reports",), ("assets",)):
                where = self.store / str(asked)
                if not isinstance(where, Path) and where.is_dir():
                    return self._list(where)
                self.file = str(local_copy(where))
                return super().send_head()
        except FileNotFoundError:
            pass
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def _list(self, folder: StorePath) -> IO[bytes]:
        """Answers with links to what lies below a prefix of a bucket."""
        base = "." if self.path.endswith("/") else folder.name
        names = [path.name for path in in_order(folder.iterdir())]
        links = "".join(f'<li><a href="{quote(f"{base}/{n}")}">{escape(n)}</a>' for n in names)
        page = f"<!doctype html><title>{escape(folder.name)}</title><ul>{links}</ul>".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return io.BytesIO(page)

    def translate_path(self, path: str) -> str:
        """Returns the file of this machine that `send_head` found."""
        return self.file + "/" * path.endswith("/")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _name(host: str) -> str:
    """Returns what to write into an address for a host to listen on."""
    return socket.gethostname() if host == "0.0.0.0" else host


def _serve(host: str, folder: StorePath) -> str:
    """Serves a folder for the links of the UI, which may not open files; returns its address.

    A process of its own does it, as this one becomes Dagster's; it ends when this one does.
    """
    server = ThreadingHTTPServer((host, 0), partial(_Files, store=folder))
    address, parent = f"http://{_name(host)}:{server.server_port}/", os.getpid()
    if os.fork():
        server.server_close()
        return address
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)
