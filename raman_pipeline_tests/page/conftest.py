import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from raman_pipeline.page.answers import Answers
from raman_pipeline.page.server import SECONDS, application, listening_socket


@contextmanager
def served(answers, seconds=SECONDS, **more):
    """Yields a client of a real server."""
    opened = listening_socket(0)
    port = opened.getsockname()[1]
    app = application(answers, port, seconds, **more)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([opened],))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        opened.close()


@pytest.fixture(scope="module")
def answers(library_file):
    return Answers(library_file)


@pytest.fixture(scope="module")
def page(answers):
    with served(answers) as client:
        yield client
