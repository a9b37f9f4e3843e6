"""A headless Chromium, driven over its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PATIENCE_S = 60


class Browser:
    """One tab."""

    def __init__(self, socket, downloads):
        self._socket, self._number, self.faults = socket, 0, []
        self.downloads = downloads
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        behaviour = {"behavior": "allow", "downloadPath": str(downloads)}
        self.send("Browser.setDownloadBehavior", **behaviour)

    def send(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE_S))
            self._note(answer)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _note(self, event):
        kind, params = event.get("method"), event.get("params", {})
        if kind == "Runtime.exceptionThrown":
            self.faults.append(params["exceptionDetails"])
        elif kind == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.faults.append(params["entry"])
        elif kind == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.faults.append(params["args"])
        elif kind == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
                self.faults.append(url)

    def run(self, code):
        """Returns the value of an expression in the page."""
        made = self.send("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in made, made
        return made["result"].get("value")

    def wait(self, code):
        """Returns the value of an expression once it is true."""
        until = time.monotonic() + PATIENCE_S
        while not (value := self.run(code)):
            assert time.monotonic() < until, (
                code,
                self.run("document.body.innerText"),
                self.faults,
            )
            time.sleep(0.05)
        return value

    def open(self, url, width=1280, height=900, dark=False):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && !!document.querySelector('#names option')")

    def drop(self, *files, at=(150, 150)):
        data = {"items": [], "files": [str(f) for f in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=kind, x=at[0], y=at[1], data=data)

    def key(self, key, text=""):
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            code = {"Enter": 13, "Tab": 9, "ArrowDown": 40, "ArrowLeft": 37}.get(key, 0)
            self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more
            )

    def type(self, text):
        self.send("Input.insertText", text=text)

    def screenshot(self, path, full=False):
        made = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        Path(path).write_bytes(base64.b64decode(made["data"]))


@contextmanager
def chromium(folder):
    """Yields a tab of a new browser that keeps its files in a folder."""
    port_file = folder / "profile" / "DevToolsActivePort"
    process = subprocess.Popen(
        [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
         "--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE_S
        while not (port_file.exists() and port_file.read_text().count("\n")):
            assert time.monotonic() < until and process.poll() is None, "Chromium does not start"
            time.sleep(0.1)
        port, path = port_file.read_text().split()
        downloads = folder / "downloads"
        downloads.mkdir()
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, compression=None) as whole:
            whole.send(json.dumps({"id": 0, "method": "Target.getTargets", "params": {}}))
            targets = json.loads(whole.recv())["result"]["targetInfos"]
        tab = next(t["targetId"] for t in targets if t["type"] == "page")
        address = f"ws://127.0.0.1:{port}/devtools/page/{tab}"
        with connect(address, max_size=None, compression=None) as socket:
            yield Browser(socket, downloads)
    finally:
        process.kill()
        process.wait()
