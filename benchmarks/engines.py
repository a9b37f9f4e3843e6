"""Prints a table for `docs/engines.md`: the same trainings by every way to run them, by bytes.

On copies of one store of the sample: by the command line in processes of this machine, by the UI's
queue and daemon, by the services of a team with Postgres, and on two Ray nodes with Postgres.
`python -m benchmarks.engines FOLDER`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from raman_pipeline.common.atomic import file_sha256
from raman_pipeline.common.markdown import markdown_table
from raman_pipeline_tests.postgres_server import PostgresServer
from raman_pipeline_tests.ray_nodes import ray_nodes

FOLDS = ("0|random", "1|specimen")
FAMILIES = ("majority", "rbf_svm", "convnext1d")
SEED = "default|0"
DEPLOYMENT = Path(__file__).resolve().parents[1] / "docs" / "deployment"
COMMAND = [sys.executable, "-m", "raman_pipeline.cli.main"]
_LIMIT_S = 900
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


def by_command(store: Path, _: PostgresServer) -> None:
    """In processes of this machine."""
    commands(RAMAN_PIPELINE_STORE=str(store))


def by_ui(store: Path, _: PostgresServer) -> None:
    """By the mutation that the UI sends, its queue and its daemon."""
    port = _free_port()
    ui = [*COMMAND, "ui", "--port", str(port)]
    with _services({"RAMAN_PIPELINE_STORE": str(store)}, ui):
        _request(port)


def by_services(store: Path, server: PostgresServer) -> None:
    """By code server, webserver and daemon as in docs/deployment.md, with Postgres."""
    environment = _in_database(store, server, "services")
    home, code, port = store / "dagster", _free_port(), _free_port()
    workspace = home / "workspace.yaml"
    example = (DEPLOYMENT / "workspace.yaml").read_text(encoding="utf-8")
    workspace.write_text(example.replace("port: 4000", f"port: {code}"), encoding="utf-8")
    shutil.copyfile(DEPLOYMENT / "team.yaml", home / "dagster.yaml")
    programs = Path(sys.executable).parent
    definitions = ["-m", "raman_pipeline.definitions", "-h", "127.0.0.1", "-p", str(code)]
    web = ["-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    with _services(
        environment | {"DAGSTER_HOME": str(home)},
        [str(programs / "dagster"), "code-server", "start", *definitions],
        [str(programs / "dagster-webserver"), *web],
        [str(programs / "dagster-daemon"), "run", "-w", str(workspace)],
    ):
        _request(port)


def on_ray(store: Path, server: PostgresServer) -> None:
    """On two Ray nodes, with Dagster's record in Postgres."""
    environment = _in_database(store, server, "ray")
    with ray_nodes(2, environment) as cluster:
        ray = {"RAMAN_PIPELINE_ENGINE": "ray", "RAY_ADDRESS": cluster.dashboard}
        commands(**environment, **ray)


def _in_database(store: Path, server: PostgresServer, name: str) -> dict[str, str]:
    """Returns the environment of a store whose record is in a new database."""
    environment = {
        "RAMAN_PIPELINE_STORE": str(store),
        "RAMAN_PIPELINE_DB": server.new_database(name),
    }
    # The new database knows nothing of the copied files.
    call("run", "--no-train", **environment)
    return environment


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


def made(store: Path) -> dict[str, str]:
    """Returns the SHA-256 of every file of models and predictions, by its place in the store."""
    return {
        str(path.relative_to(store / "assets")): file_sha256(path)
        for pattern in ("*_model/**/*", "*_predictions/**/*", "denoising_autoencoder/**/*")
        for path in sorted((store / "assets").glob(pattern))
        if path.is_file()
    }


WAYS: dict[str, Callable[[Path, PostgresServer], None]] = {
    "command line": by_command,
    "UI": by_ui,
    "services, Postgres": by_services,
    "two Ray nodes, Postgres": on_ray,
}


def main(folder: Path) -> None:
    """Runs all ways and prints the table; ends with 1 where a byte differs."""
    base = folder / "base"
    if not base.exists():
        call("run", "--no-train", RAMAN_PIPELINE_STORE=str(base))
    found, seconds = {}, {}
    with PostgresServer() as server:
        for way, run in WAYS.items():
            store = folder / "store"
            shutil.rmtree(store, ignore_errors=True)
            # Each has the same place, which metadata and addresses hold.
            shutil.copytree(base, store)
            start = time.monotonic()
            run(store, server)
            found[way], seconds[way] = made(store), time.monotonic() - start
            print(f"{way}: {seconds[way]:.0f} s, {len(found[way])} files", file=sys.stderr)
    table = pd.DataFrame(found).rename_axis("file").reset_index()
    equal = table[list(WAYS)].nunique(axis=1).eq(1) & table.notna().all(axis=1)
    shown = pd.DataFrame(
        {
            "file": table["file"],
            "sha256": table[next(iter(WAYS))].str[:16],
            "equal": equal.map({True: "yes", False: "no"}),
        }
    )
    print("\n".join(markdown_table(shown)))
    took = ", ".join(f"{way} {took:.0f} s" for way, took in seconds.items())
    print(f"\n{int(equal.sum())} of {len(table)} files are equal by all ways ({took}).")
    sys.exit(int(not equal.all()))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
