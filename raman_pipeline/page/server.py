"""The local server of the page.

What belongs here: routes, limits, and who is answered. What does not: the answers (see `answers`).

Nothing is written to disk. The server listens on 127.0.0.1 only. Another site that is open in the
same browser could still send requests there: those with another `Host` (a name that was made to
point here) or another `Origin` are refused, and uploads must be of a type that no form can send.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from raman_pipeline import __version__
from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification.filters import FilterError
from raman_pipeline.learning.identification.references import NoReferenceError
from raman_pipeline.page.answers import MOST_BYTES, Answers, Asked

SECONDS = 60.0
"""After which a request is answered with an error; searching stops somewhat earlier."""
_TYPE = "application/octet-stream"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class _RefusedError(Exception):
    """A request that is not answered: its status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def application(
    answers: Answers,
    port: int,
    seconds: float = SECONDS,
    stopping: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """Returns the ASGI application.

    Args:
        answers: from a library.
        port: that it is served on, for the check of `Host`.
        seconds: limit of one request.
        stopping: whether the server is to end.
    """
    # One file at a time: more would not be faster on the cores that the search uses.
    pool = ThreadPoolExecutor(1)

    async def in_thread(request: Request, work: Callable[[Callable[[], bool]], Any]) -> Any:
        """Returns what work returns; it is told when to end, as once nobody waits for it."""
        end, until = threading.Event(), time.monotonic() + 0.8 * seconds

        def over() -> bool:
            return end.is_set() or stopping() or time.monotonic() > until

        answer = asyncio.get_running_loop().run_in_executor(pool, work, over)
        left = asyncio.create_task(_until_left(request))
        try:
            await asyncio.wait((answer, left), timeout=seconds, return_when="FIRST_COMPLETED")
            if answer.done():
                return answer.result()
        finally:
            end.set()
            answer.cancel()
            left.cancel()
        raise _RefusedError(
            503, f"no answer within {seconds:g} s; try a smaller file, or the command line"
        )

    async def identify(request: Request) -> Response:
        if request.headers.get("content-type") != _TYPE:
            raise _RefusedError(415, f"send the content of one file as {_TYPE}")
        words = request.query_params
        name = Path(words.get("name") or "upload").name
        try:
            beside = ("name", "format", "spectrum")
            asked = Asked.of({key: said for key, said in words.items() if key not in beside})
        except InputError as error:
            raise _RefusedError(400, str(error)) from error
        content = await _body(request, name)
        if words.get("format") == "html":
            number = words.get("spectrum", "1")
            if not number.isdecimal():
                raise _RefusedError(400, f"spectrum: {number} is no number")
            report = partial(answers.report, name, content, asked, int(number))
            return HTMLResponse(await in_thread(request, lambda _: report()))
        work = partial(answers.identify, name, content, asked)
        return JSONResponse(await in_thread(request, work))

    async def minerals(request: Request) -> Response:
        words = request.query_params
        laser = Asked.of({"laser": words.get("laser", "")}).options.laser_nm
        return JSONResponse(answers.minerals(words.get("name", ""), laser))

    async def reference(request: Request) -> Response:
        return JSONResponse(answers.reference(request.path_params["id"]))

    async def health(_: Request) -> Response:
        library = {k: answers.facts[k] for k in ("version", "spectra", "minerals", "simulated")}
        return JSONResponse({"status": "ok", "raman_pipeline": __version__, "library": library})

    async def refused(_: Request, error: Exception) -> Response:
        status = error.status if isinstance(error, _RefusedError) else 422
        status = 404 if isinstance(error, NoReferenceError) else status
        status = 400 if isinstance(error, FilterError) else status
        return JSONResponse({"error": str(error)}, status)

    app = Starlette(
        routes=[
            Route("/api/identify", identify, methods=["POST"]),
            Route("/api/minerals", minerals),
            Route("/api/reference/{id:path}", reference),
            Route("/health", health),
            Mount("/", StaticFiles(directory=Path(__file__).with_name("static"), html=True)),
        ],
        exception_handlers={InputError: refused, _RefusedError: refused},
    )
    return _Guard(app, port)


class _Guard:
    """Refuses requests of other origins, and adds headers to what is answered."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        names = ("127.0.0.1", "localhost")
        self._hosts = {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(k.lower().encode(), v.encode()) for k, v in _HEADERS.items()]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        answer: ASGIApp = self._app
        if not self._may(headers, scope["path"]):
            answer = JSONResponse({"error": "only this page itself is answered"}, 403)
        await answer(scope, receive, with_headers)

    def _may(self, headers: dict[str, str], path: str) -> bool:
        host = headers.get("host", "")
        origin = headers.get("origin", f"http://{host}")
        # Browsers say so even where they send no origin. A link to the page itself may be followed.
        site = headers.get("sec-fetch-site", "none")
        same = site in ("same-origin", "none") or path == "/"
        return host in self._hosts and origin == f"http://{host}" and same


async def _until_left(request: Request) -> None:
    """Returns once the client has closed the connection of a request that was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request, name: str) -> bytes:
    too_large = _RefusedError(
        413, f"{name}: larger than {MOST_BYTES // 1_000_000} MB; use the command line"
    )
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise too_large
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise too_large
    return bytes(content)


def listening_socket(port: int) -> socket.socket:
    """Returns a socket on 127.0.0.1.

    Args:
        port: 0 for any that is free.

    Raises:
        InputError: the port is in use.
    """
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(("127.0.0.1", port))
    except OSError as error:
        opened.close()
        raise InputError(
            f"port {port}: {error.strerror}; choose another one with --port"
        ) from error
    return opened


def serve(answers: Answers, opened: socket.socket) -> None:
    """Serves the page until the process is interrupted."""
    import uvicorn

    port = opened.getsockname()[1]
    app = application(answers, port, stopping=lambda: server.should_exit)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
    server.run(sockets=[opened])
