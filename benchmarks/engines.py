"""Writes `docs/engines.md`: the same trainings by every way of running them, byte for byte.

On copies of one store of the sample: by the command line in processes of this machine, by the UI's
queue and daemon, and on two Ray nodes with Postgres. `python -m benchmarks.engines FOLDER`.
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


def by_command(store: Path, _: Path) -> None:
    """In processes of this machine."""
    commands(RAMAN_PIPELINE_STORE=str(store))


def by_ui(store: Path, _: Path) -> None:
    """By the mutation that the UI sends, its queue and its daemon."""
    with webserver({"RAMAN_PIPELINE_STORE": str(store)}) as ask:
        models = [f"{family}_{part}" for family in FAMILIES for part in ("model", "predictions")]
        clusters = ["denoising_autoencoder", "latent_vectors"]
        for assets, partitions in ((models, FOLDS), (clusters, (SEED,))):
            params = {
                "assetSelection": [{"path": [name]} for name in assets],
                "partitionNames": list(partitions),
            }
            launched = ask(_MUTATION, p=params)["launchPartitionBackfill"]
            status = "REQUESTED"
            while status == "REQUESTED":
                time.sleep(2)
                answer = ask(_STATUS, id=launched["backfillId"])
                status = answer["partitionBackfillOrError"]["status"]
            assert status == "COMPLETED_SUCCESS", status


def on_ray(store: Path, _: Path) -> None:
    """On two Ray nodes, with Dagster's record in Postgres."""
    with PostgresServer() as server:
        environment = {
            "RAMAN_PIPELINE_STORE": str(store),
            "RAMAN_PIPELINE_DB": server.new_database("equality"),
        }
        # The record is the database's, which knows nothing of the copied store.
        call("run", "--no-train", **environment)
        with ray_nodes(2, environment) as cluster:
            ray = {"RAMAN_PIPELINE_ENGINE": "ray", "RAY_ADDRESS": cluster.dashboard}
            commands(**environment, **ray)


@contextmanager
def webserver(environment: dict[str, str]) -> Iterator[Callable[..., dict]]:
    """Runs `raman-pipeline ui`; yields a function that asks its GraphQL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*COMMAND, "ui", "--port", str(port)],
        env=os.environ | environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask(query: str, **variables: object) -> dict:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    try:
        end = time.monotonic() + _LIMIT_S
        while time.monotonic() < end:
            try:
                if ask("{ assetNodes { id } }")["assetNodes"]:
                    break
            except OSError:
                time.sleep(1)
        yield ask
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def made(store: Path) -> dict[str, str]:
    """Returns the SHA-256 of every file of models and predictions, by its place in the store."""
    return {
        str(path.relative_to(store / "assets")): file_sha256(path)
        for pattern in ("*_model/**/*", "*_predictions/**/*", "denoising_autoencoder/**/*")
        for path in sorted((store / "assets").glob(pattern))
        if path.is_file()
    }


WAYS = {"command line": by_command, "queue and daemon": by_ui, "two Ray nodes, Postgres": on_ray}


def main(folder: Path) -> None:
    """Runs all ways and prints the table; ends with 1 where a byte differs."""
    base = folder / "base"
    if not base.exists():
        call("run", "--no-train", RAMAN_PIPELINE_STORE=str(base))
    found, seconds = {}, {}
    for way, run in WAYS.items():
        store = folder / "store"
        shutil.rmtree(store, ignore_errors=True)
        # Each has the same place, which metadata and addresses hold.
        shutil.copytree(base, store)
        start = time.monotonic()
        run(store, folder)
        found[way], seconds[way] = made(store), time.monotonic() - start
    table = pd.DataFrame(found).rename_axis("file").reset_index()
    equal = table[list(WAYS)].nunique(axis=1).eq(1) & table.notna().all(axis=1)
    shown = pd.DataFrame(
        {"file": table["file"], "sha256": table[next(iter(WAYS))].str[:16], "equal": equal}
    )
    print("\n".join(markdown_table(shown)))
    took = ", ".join(f"{way} {took:.0f} s" for way, took in seconds.items())
    print(f"\n{int(equal.sum())} of {len(table)} files are equal by all ways ({took}).")
    sys.exit(int(not equal.all()))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
