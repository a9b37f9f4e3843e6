"""A server of buckets on loopback, moto's, that fails when told to: `python -m … s3_server PORT`.

GET `/-/refuse?S` lets all requests of the next S seconds fail with 503, `/-/hold?END` stops uploads
to keys with that end before their last byte is taken, `/-/held` says whether one waits.
"""

import sys
import threading
import time
import urllib.request


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
        self.refusing_until, self.end, self.held = 0.0, "", False
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
            start("503 Service Unavailable", [("Connection", "close")])
            return [b""]
        return self.application(environ, start)

    def obey(self, order, what):
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
