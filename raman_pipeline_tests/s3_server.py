"""A server of buckets on loopback, moto's, that fails when told to: `python -m … s3_server PORT`.

GET `/-/refuse?S` lets all requests of the next S seconds fail with 503, `/-/hold?END` stops uploads
to keys with that end before their last byte is taken, `/-/held` says whether one waits,
`/-/refused` how many requests were refused.
"""

import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from contextlib import contextmanager

from raman_pipeline.common import storage


@contextmanager
def bucket_server(log):
    """Starts a server in a process of its own, with a file for what it says; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "raman_pipeline_tests.s3_server", str(port)],
            stdout=file, stderr=file,
        )  # fmt: skip
    endpoint = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{endpoint}/-/held", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def environment(endpoint, folder):
    """Returns what tells a process of a server; what is cached of it lies in a folder."""
    cache = folder / "cache" / "raman-pipeline"
    cache.mkdir(parents=True, exist_ok=True)
    for index in (storage.cache_folder() / cache.name).glob("gazetteer-*"):
        if not (cache / index.name).exists():
            (cache / index.name).symlink_to(index)
    return {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "XDG_CACHE_HOME": str(cache.parent),
        "RAMAN_PIPELINE_LOCAL": str(folder / "local"),
        storage.ENDPOINT: endpoint,
    }


def new_bucket(endpoint):
    """Makes an empty bucket; the environment names the server."""
    bucket = Bucket(endpoint, f"bucket-{uuid.uuid4().hex[:8]}")
    storage.store_path(bucket.url).mkdir()
    return bucket


class Bucket:
    """A bucket as the tests see it."""

    def __init__(self, endpoint, name):
        self.endpoint, self.url = endpoint, f"s3://{name}"

    def tell(self, order):
        with urllib.request.urlopen(f"{self.endpoint}/-/{order}", timeout=10) as answer:
            return answer.read().decode()

    def wait_until_held(self, process):
        deadline = time.monotonic() + 240
        while self.tell("held") != "True":
            assert process.is_alive() and time.monotonic() < deadline
            time.sleep(0.1)


class Faulty:
    def __init__(self, application):
        self.application = application
        self.refusing_until, self.refused, self.end, self.held = 0.0, 0, "", False
        self.released = threading.Event()

    def __call__(self, environ, start):
        path, order = environ["PATH_INFO"], environ["QUERY_STRING"]
        if path.startswith("/-/"):
            start("200 OK", [("Content-Type", "text/plain")])
            return [self.obey(path.removeprefix("/-/"), order).encode()]
        if environ["REQUEST_METHOD"] == "PUT" and self.end and path.endswith(self.end):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
            self.held, self.end = True, ""
            self.released.wait(60)
            start("503 Slow Down", [("Connection", "close")])
            return [b""]
        if time.monotonic() < self.refusing_until:
            self.refused += 1
            start("503 Service Unavailable", [("Connection", "close")])
            return [b""]
        return self.application(environ, start)

    def obey(self, order, what):
        if order == "refused":
            return str(self.refused)
        if order == "refuse":
            self.refusing_until = time.monotonic() + float(what)
            self.released.set()
        elif order == "hold":
            self.end, self.held = what, False
            self.released.clear()
        return str(self.held)


if __name__ == "__main__":
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = Faulty(DomainDispatcherApplication(create_backend_app))
    make_server("127.0.0.1", int(sys.argv[1]), application, threaded=True).serve_forever()
