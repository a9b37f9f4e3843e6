"""A loopback HTTP server that serves archives and misbehaves on request."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serves on a free port of this machine, silently; gives the address."""
    handler.log_message = lambda *_: None  # type: ignore[method-assign]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class ArchiveServer:
    """Files by path, and a queue of faults: each request takes the next one.

    Faults: None, a status code, `(status, Retry-After)`, `"cut"` (half of the body, then
    the connection is closed), `"stall"` (half of the body, then silence) or
    `"redirect"` (to the same file elsewhere).
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.validators = True
        self.ranges = True
        self.head = True
        self.etag: str | None = None
        self.stall_s = 2.0
        self.url = ""

    @contextmanager
    def serve(self) -> Iterator[ArchiveServer]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            do_HEAD = do_GET

        with serving(Handler) as self.url:
            yield self

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {k.lower(): v for k, v in handler.headers.items()}
        self.requests.append((handler.command, handler.path, headers))
        fault = self.faults.pop(0) if self.faults else None
        data = self.files.get(handler.path)
        if handler.command == "HEAD" and not self.head:
            self._send(handler, 405, b"", {})
        elif fault == "redirect":
            self.files["/elsewhere.zip"] = data or b""
            self._send(handler, 302, b"", {"Location": "/elsewhere.zip"})
        elif isinstance(fault, int | tuple):
            status, wait = fault if isinstance(fault, tuple) else (fault, None)
            self._send(handler, status, b"", {} if wait is None else {"Retry-After": wait})
        elif data is None:
            self._send(handler, 404, b"not here", {})
        else:
            self._send_file(handler, headers, data, fault)

    def _send_file(self, handler, headers: dict[str, str], data: bytes, cut: str | None) -> None:
        etag = self.etag or f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        given = {}
        if self.validators:
            given = {"ETag": etag, "Last-Modified": formatdate(1_700_000_000, usegmt=True)}
            if headers.get("if-none-match") == etag:
                self._send(handler, 304, b"", given)
                return
        start = headers.get("range", "").removeprefix("bytes=").rstrip("-")
        if self.ranges and start and headers.get("if-range") == etag:
            body = data[int(start) :]
            given["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._send(handler, 206, body, given, cut)
        else:
            self._send(handler, 200, data, given, cut)

    def _send(
        self, handler, status: int, body: bytes, headers: dict, cut: str | None = None
    ) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, str(value))
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body[: len(body) // 2] if cut else body)
            handler.wfile.flush()
        if cut:
            time.sleep(self.stall_s if cut == "stall" else 0)
            handler.close_connection = True
