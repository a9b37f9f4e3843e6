"""Prints a table for `docs/engines.md`: the same trainings by every way to run them, by bytes.

On stores of the sample in a folder and in a bucket: by the command line in processes of this
machine, by the UI's queue and daemon, by the services of a team with Postgres, and on two Ray
nodes with Postgres. `python -m benchmarks.engines FOLDER [WAY…]`; what ways made is kept in FOLDER.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from raman_pipeline.common.atomic import file_sha256
from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.common.storage import StorePath, below, in_order, local_copy, store_path
from raman_pipeline_tests.postgres_server import PostgresServer
from raman_pipeline_tests.ray_nodes import ray_nodes
from raman_pipeline_tests.s3_server import bucket_server, environment, new_bucket

FOLDS = ("0|random", "1|specimen")
FAMILIES = ("majority", "rbf_svm", "convnext1d")
SEED = "default|0"
DEPLOYMENT = Path(__file__).resolve().parents[1] / "docs" / "deployment"
COMMAND = [sys.executable, "-m", "raman_pipeline.cli.main"]
_LIMIT_S = 900
TRAINED = re.compile(r"\w+_(model|predictions)/|denoising_autoencoder/")
_MUTATION = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_STATUS = "query($id: String!) { partitionBackfillOrError(backfillId: $id) {\
 ... on PartitionBackfill { status } } }"


def call(*arguments: str, **environment: str) -> None:
    """Runs a command of the package to its end."""
    run = [*COMMAND, *arguments]
    subprocess.run(run, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)


def commands(**environment: str) -> None:
    """Trains what is compared by the command line."""
    chosen = [f"--partition={fold}" for fold in FOLDS] + [f"--family={f}" for f in FAMILIES]
    call("backfill", *chosen, **environment)
    call("cluster", f"--partition={SEED}", **environment)


@dataclass
class Place:
    """A store of the sample without models, the folder of Dagster's record, and Postgres."""

    store: StorePath
    home: Path
    server: PostgresServer

    @property
    def alone(self) -> dict[str, str]:
        """The environment of a store whose record is in SQLite."""
        return {"RAMAN_PIPELINE_STORE": str(self.store)}

    def in_database(self, name: str) -> dict[str, str]:
        """Returns the environment of a store whose record is in a new database."""
        shared = self.alone | {"RAMAN_PIPELINE_DB": self.server.new_database(name)}
        # The new database knows nothing of the files.
        call("run", "--no-train", **shared)
        return shared


def by_command(place: Place) -> None:
    """In processes of this machine."""
    commands(**place.alone)


def by_ui(place: Place) -> None:
    """By the mutation that the UI sends, its queue and its daemon."""
    port = _free_port()
    with _services(place.alone, [*COMMAND, "ui", "--port", str(port)]):
        _request(port)


def by_services(place: Place) -> None:
    """By code server, webserver and daemon as in docs/deployment.md, with Postgres."""
    shared, home = place.in_database("services"), place.home
    code, port = _free_port(), _free_port()
    workspace = home / "workspace.yaml"
    example = (DEPLOYMENT / "workspace.yaml").read_text(encoding="utf-8")
    workspace.write_text(example.replace("port: 4000", f"port: {code}"), encoding="utf-8")
    shutil.copyfile(DEPLOYMENT / "team.yaml", home / "dagster.yaml")
    programs = Path(sys.executable).parent
    definitions = ["-m", "raman_pipeline.definitions", "-h", "127.0.0.1", "-p", str(code)]
    web = ["-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    with _services(
        shared | {"DAGSTER_HOME": str(home)},
        [str(programs / "dagster"), "code-server", "start", *definitions],
        [str(programs / "dagster-webserver"), *web],
        [str(programs / "dagster-daemon"), "run", "-w", str(workspace)],
    ):
        _request(port)


def on_ray(place: Place) -> None:
    """On two Ray nodes, with Dagster's record in Postgres."""
    shared = place.in_database("ray")
    with ray_nodes(2, shared) as cluster:
        ray = {"RAMAN_PIPELINE_ENGINE": "ray", "RAY_ADDRESS": cluster.dashboard}
        commands(**shared, **ray)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _services(environment: dict[str, str], *commands: list[str]) -> Iterator[None]:
    """Runs some programs beside this one, each in a session of its own."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(c, env=os.environ | environment, start_new_session=True, **quiet)  # type: ignore[call-overload]
        for c in commands
    ]
    try:
        yield
    finally:
        # `dagster dev` may ignore SIGTERM; all of them are made to be killed.
        for process in reversed(started):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ask(port: int, query: str, **variables: object) -> dict:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"])


def _request(port: int) -> None:
    """Requests from a webserver what is compared, as its pages do, and waits for the end."""
    end, known = time.monotonic() + _LIMIT_S, False
    while not known:
        assert time.monotonic() < end, "the UI did not come up"
        time.sleep(1)
        try:
            known = bool(_ask(port, "{ assetNodes { id } }")["assetNodes"])
        except OSError:
            continue
    models = [f"{family}_{part}" for family in FAMILIES for part in ("model", "predictions")]
    for assets, partitions in ((models, FOLDS), (["denoising_autoencoder"], (SEED,))):
        params = {
            "assetSelection": [{"path": [name]} for name in assets],
            "partitionNames": list(partitions),
        }
        launched = _ask(port, _MUTATION, p=params)["launchPartitionBackfill"]
        status = "REQUESTED"
        while status == "REQUESTED":
            time.sleep(2)
            answer = _ask(port, _STATUS, id=launched["backfillId"])
            status = answer["partitionBackfillOrError"]["status"]
        assert status == "COMPLETED_SUCCESS", status


def made(store: StorePath, files: re.Pattern[str] = TRAINED) -> dict[str, str]:
    """Returns the SHA-256 of some files below `assets`, by their paths there."""
    assets = store / "assets"
    return {
        name: file_sha256(local_copy(path))
        for path in in_order(path for path in assets.rglob("*") if path.is_file())
        if files.match(name := below(assets, path))
    }


LAUNCHERS: dict[str, Callable[[Place], None]] = {
    "command line": by_command,
    "UI": by_ui,
    "services, Postgres": by_services,
    "two Ray nodes, Postgres": on_ray,
}
STORES = ("folder", "bucket")
"""Where the store is; a bucket is one of moto's server."""


@contextmanager
def new_place(folder: Path, kind: str) -> Iterator[Place]:
    """Makes a store in a new bucket or below a folder, with a Postgres server of its own."""
    with PostgresServer() as server:
        if kind == "folder":
            base, store = folder / "base", folder / "store"
            if not base.exists():
                call("run", "--no-train", RAMAN_PIPELINE_STORE=str(base))
            shutil.rmtree(store, ignore_errors=True)
            # Each has the same place, which metadata and addresses hold.
            shutil.copytree(base, store)
            yield Place(store, store / "dagster", server)
            return
        with bucket_server(folder / "bucket.log") as endpoint:
            os.environ.update(environment(endpoint, folder))
            url = f"{new_bucket(endpoint).url}/store"
            call("run", "--no-train", RAMAN_PIPELINE_STORE=url)
            home = folder / "local" / url.removeprefix("s3://") / "dagster"
            yield Place(store_path(url), home, server)


def main(folder: Path, chosen: list[str]) -> None:
    """Runs ways and prints the tables of all that were; ends with 1 where a byte differs."""
    ways = {f"{launcher}, {kind}": (launcher, kind) for launcher in LAUNCHERS for kind in STORES}
    for way in chosen or ways:
        launcher, kind = ways[way]
        with new_place(folder, kind) as place:
            LAUNCHERS[launcher](place)
            files = made(place.store)
        (folder / f"{way}.json").write_text(json.dumps(files), encoding="utf-8")
    kept = {way: folder / f"{way}.json" for way in ways}
    done = {way: json.loads(file.read_text()) for way, file in kept.items() if file.exists()}
    table = pd.DataFrame(done).rename_axis("file").reset_index()
    first = table[next(iter(done))]
    same = {way: f"{int(table[way].eq(first).sum())} of {len(table)}" for way in done}
    rows = [
        {"by": launcher} | {kind: same.get(f"{launcher}, {kind}", "–") for kind in STORES}
        for launcher in LAUNCHERS
    ]
    print("\n".join(markdown_table(pd.DataFrame(rows))), end="\n\n")
    shown = pd.DataFrame({"file": table["file"], "sha256": first.str[:16]})
    print("\n".join(markdown_table(shown)))
    sys.exit(int(not table[[*done]].eq(first, axis=0).all(axis=None)))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
