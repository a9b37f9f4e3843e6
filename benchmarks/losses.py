"""Prints what happens to work on Ray, Postgres or a bucket if a part is lost in the middle.

Two Ray nodes of one CPU, Postgres, the daemon and a bucket of moto's server, all of one's own on
this machine. `python -m benchmarks.losses FOLDER ARCHIVES [WORK[:LOSS]…]`: FOLDER is of
`benchmarks.engines`, ARCHIVES has a zip of more than 2,048 members. Rows that were tried are kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from dagster import RunsFilter

from benchmarks.engines import COMMAND, TRAINED, call, made
from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.common.storage import StorePath, store_path
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.execution import Callbacks, Run
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.queue import on_queue
from raman_pipeline.runs.runner import run_job
from raman_pipeline_tests.postgres_server import PostgresServer
from raman_pipeline_tests.ray_nodes import ray_nodes
from raman_pipeline_tests.s3_server import Bucket, bucket_server, environment, new_bucket

FOLDS = ("0|random", "1|random", "0|specimen", "1|specimen")
FAMILY = "rbf_svm"
ARCHIVE = "excellent_unoriented"
SPECTRA = 6144
_AWAY_S = 8.0
_REFUSES_S = 10
_LIMIT_S = 900.0
_RUN_ID = re.compile(r'"pipeline_run_id": ?"([0-9a-f-]{36})"')


@dataclass
class Scene:
    """What a loss can be of."""

    store: StorePath
    cluster: Any
    server: PostgresServer
    bucket: Bucket


@dataclass(frozen=True)
class Work:
    """What is under way when something is lost.

    Attributes:
        command: does it, and ends when it is done; `{engine}`, `{store}` and `{folder}` are
            replaced.
        files: those whose bytes are compared, below `assets`.
        is_under_way: whether the loss may come, a while later.
        after_s: that while.
        losses: what is tried.
        on_queue: whether it goes through Dagster's queue; else it has no record.
        prepared: whether the store has the tables of the sample; else it is empty.
    """

    command: list[str]
    files: re.Pattern[str]
    is_under_way: Callable[[Scene], bool]
    after_s: float
    losses: tuple[Callable[[Scene], str], ...]
    on_queue: bool = True
    prepared: bool = False


def _processes(store: StorePath, *words: str) -> dict[int, str]:
    """Returns the processes of one's own store that do what some words say: pid to command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            own = f"RAMAN_PIPELINE_STORE={store}\0" in (folder / "environ").read_text()
        except (OSError, ValueError):
            continue
        # Ray starts them by a shell, which says the same.
        if own and line.startswith(sys.executable) and all(word in line for word in words):
            found[int(folder.name)] = line
    return found


def _running(store: StorePath) -> dict[str, int]:
    """Returns the runs of which there is a process: run id to pid."""
    lines = _processes(store, "dagster", "execute_run")
    return {found[1]: pid for pid, line in lines.items() if (found := _RUN_ID.search(line))}


def _children_of(nodes: list[Any], title: bytes) -> list[int]:
    """Returns the processes of some nodes of the cluster whose title begins so."""
    raylets = {node.all_processes["raylet"][0].process.pid for node in nodes}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent in raylets and (folder / "cmdline").read_bytes().startswith(title):
                found.append(int(folder.name))
    return found


def process(scene: Scene) -> str:
    """Kills the process of one run."""
    os.kill(next(iter(_running(scene.store).values())), signal.SIGKILL)
    return "the process of a run, SIGKILL"


def worker(scene: Scene) -> str:
    """Kills a worker of Ray that makes a shard."""
    end = time.monotonic() + 60
    nodes = [scene.cluster.head_node, *scene.cluster.workers]
    while not (found := _children_of(nodes, b"ray::__call__")):
        assert time.monotonic() < end, "no worker makes a shard"
        time.sleep(0.1)
    os.kill(found[0], signal.SIGKILL)
    return "a worker of Ray with a shard, SIGKILL"


def node(scene: Scene) -> str:
    """Kills the raylet of the node beside the head; another node joins."""
    scene.cluster.remove_node(scene.cluster.workers.pop(), allow_graceful=False)
    scene.cluster.join()
    return "a raylet, SIGKILL; another node joined"


def head(scene: Scene) -> str:
    """Kills the head node; a new one starts at the same address, and another node joins it."""
    agents = _children_of([scene.cluster.head_node], b"ray::DashboardAgent")
    scene.cluster.remove_node(scene.cluster.head_node, allow_graceful=False)
    for pid in agents:  # it would outlive its node for a while, and keep its port
        os.kill(pid, signal.SIGKILL)
    time.sleep(_AWAY_S)
    scene.cluster.begin()
    scene.cluster.join()
    return f"the head node, SIGKILL; a new one after {_AWAY_S:.0f} s"


def database(scene: Scene) -> str:
    """Restarts Postgres."""
    scene.server.stop()
    time.sleep(_AWAY_S)
    scene.server.start()
    return f"Postgres, immediate; back after {_AWAY_S:.0f} s"


def daemon(scene: Scene) -> str:
    """Kills Dagster's daemon."""
    for pid in _processes(scene.store, "raman_pipeline.runs.queue"):
        os.kill(pid, signal.SIGKILL)
    return "Dagster's daemon, SIGKILL"


def bucket(scene: Scene) -> str:
    """Lets the bucket refuse for a while."""
    scene.bucket.tell(f"refuse?{_REFUSES_S}")
    time.sleep(_REFUSES_S + 1)
    return f"the bucket: 503 for {_REFUSES_S} s, {scene.bucket.tell('refused')} requests"


def nothing(scene: Scene) -> str:
    """A quiet time."""
    return "nothing"


def _parts(scene: Scene, folder: str) -> int:
    """Returns how many shards there are in a folder of the store."""
    return sum(1 for _ in (scene.store / folder).rglob("*.parquet"))


_TABLE, _LIBRARY = "{folder}/many.parquet", "{folder}/base/assets/mineral_library.safetensors"
_OUT = ["--library", _LIBRARY, "--out", "{store}/assets/identified", "--engine", "{engine}"]
_PARSE = [sys.executable, "-m", "benchmarks.losses"]
_PARSED = re.compile("(parsed_spectra|refused_members)/")
WORKS = {
    "backfill": Work(
        [*COMMAND, "backfill", f"--family={FAMILY}", *(f"--partition={fold}" for fold in FOLDS)],
        TRAINED,
        lambda scene: len(_running(scene.store)) >= 2,
        4.0,
        (nothing, process, node, head, database, daemon, bucket),
        prepared=True,
    ),
    "parse": Work(
        [*_PARSE, "queue"],
        _PARSED,
        lambda scene: _parts(scene, "shards") > 0,
        0.0,
        (nothing, process, node, head, database, daemon, bucket),
    ),
    "parse on tasks": Work(
        [*_PARSE, "tasks"],
        _PARSED,
        lambda scene: _parts(scene, "shards") > 0,
        0.0,
        (nothing, worker, node, head, bucket),
        on_queue=False,
    ),
    "identify": Work(
        [*COMMAND, "identify", _TABLE, *_OUT],
        re.compile("identified/"),
        lambda scene: _parts(scene, "assets/identified") > 0,
        0.0,
        (nothing, worker, node, head, bucket),
        on_queue=False,
    ),
}


def parse(by: str) -> None:
    """Fetches and parses an archive through the queue, or in this process with tasks of Ray."""
    settings = load_settings()
    if settings.engine == "ray" and by == "queue":
        assets = ("rruff_archive", "parsed_spectra", "refused_members")
        outcomes = on_queue(settings, Callbacks(), [Run("ingest", ARCHIVE, assets)], None)
    else:
        outcomes = run_job(settings, "ingest", Callbacks(), [ARCHIVE])
    sys.exit("\n".join(error for outcome in outcomes for error in outcome.errors) or 0)


class Stage:
    """Where losses are tried: a folder, Postgres, and a server of buckets."""

    def __init__(self, folder: Path, archives: str, server: PostgresServer, endpoint: str) -> None:
        self.folder, self.archives, self.server = folder, archives, server
        self.endpoint, self.store = endpoint, folder / "store"
        os.environ.update(environment(endpoint, folder))
        if not (many := folder / "many.parquet").exists():
            # One of the sample's last is constant, and cannot be identified.
            spectra = pq.read_table(folder / "base" / "assets" / "spectra.parquet").slice(0, 300)
            copies = pa.concat_tables([spectra] * (SPECTRA // spectra.num_rows + 1))
            pq.write_table(copies.slice(0, SPECTRA), many)

    def row(self, name: str, loss: Callable[[Scene], str]) -> dict[str, Any]:
        """Tries a loss in the middle of work, and returns its row of the table."""
        work, expected, there = WORKS[name], self._quiet(name), new_bucket(self.endpoint)
        where = f"{there.url}/store" if loss is bucket else str(self.store)
        database = self.server.new_database(f"{name}-{loss.__name__}")
        with self._begun(work, where, {"RAMAN_PIPELINE_DB": database} if work.on_queue else {}):
            with ray_nodes(2, {}) as cluster:
                scene = Scene(store_path(where), cluster, self.server, there)
                row = self._tried(work, loss, scene, self.folder / f"{name}.{loss.__name__}.log")
            both = _recorded(row["two at once"]) if work.on_queue else ("–", "–")
            row["runs"], row["two at once"] = both
            files = made(scene.store, work.files)
        whole = "yes" if files == expected else f"no: {len(files)} of {len(expected)} files"
        return {"in the middle of": name} | row | {"same bytes": whole}

    def _quiet(self, name: str) -> dict[str, str]:
        """Returns what work makes on this machine alone: path to SHA-256."""
        work, kept = WORKS[name], self.folder / f"{name.split()[0]}.quiet.json"
        if not kept.exists():
            with self._begun(work, str(self.store), {}):
                subprocess.run(self._command(work, "local"), check=True, stdout=2)
            kept.write_text(json.dumps(made(self.store, work.files)), encoding="utf-8")
        return dict(json.loads(kept.read_text()))

    def _command(self, work: Work, engine: str) -> list[str]:
        names = {"folder": self.folder, "store": os.environ["RAMAN_PIPELINE_STORE"]}
        return [part.format(engine=engine, **names) for part in work.command]

    @contextmanager
    def _begun(self, work: Work, store: str, database: dict[str, str]) -> Iterator[None]:
        """Makes the store of a try; meanwhile the environment, also of Ray's nodes, names it."""
        shutil.rmtree(self.store, ignore_errors=True)
        former = dict(os.environ)
        os.environ.update({"RAMAN_PIPELINE_STORE": store} | database)
        try:
            if work.prepared:
                call("run", "--no-train")
            else:
                os.environ["RRUFF_URL"], os.environ["NATURAL_EARTH_URL"] = self.archives, "embedded"
                os.environ["RAMAN_PIPELINE_PROFILE"] = "rruff"
            yield
        finally:
            os.environ.clear()
            os.environ.update(former)

    def _tried(
        self, work: Work, loss: Callable[[Scene], str], scene: Scene, log: Path
    ) -> dict[str, Any]:
        def begin() -> subprocess.Popen[bytes]:
            cluster = scene.cluster
            address = cluster.dashboard if work.on_queue else cluster.gcs_address
            ray = {"RAMAN_PIPELINE_ENGINE": "ray", "RAY_ADDRESS": address}
            with log.open("ab") as said:
                return subprocess.Popen(
                    self._command(work, "ray"), env=os.environ | ray, start_new_session=True,
                    stdout=said, stderr=said,
                )  # fmt: skip

        start, seen = time.monotonic(), []
        command = begin()
        try:
            while not work.is_under_way(scene):
                assert command.poll() is None, "ended before anything was lost"
                assert time.monotonic() - start < _LIMIT_S
                time.sleep(0.2)
            time.sleep(work.after_s)
            when = time.monotonic() - start
            lost = loss(scene)
            while command.poll() is None:
                assert time.monotonic() - start < _LIMIT_S
                seen.append(frozenset(_running(scene.store)))
                time.sleep(0.5)
        finally:
            if command.poll() is None:
                os.killpg(command.pid, signal.SIGKILL)
        seconds = time.monotonic() - start
        # One that failed says why, and the next one ends whole.
        again = bool(command.returncode) and not begin().wait(_LIMIT_S)
        ended = "whole" if not command.returncode else f"code {command.returncode}"
        return {
            "lost": lost,
            "after s": round(when),
            "ended": ended + "; whole by the next command" * again,
            "s": round(seconds),
            "runs": "",
            "two at once": seen,
        }


def _recorded(seen: list[frozenset[str]]) -> tuple[str, str]:
    """Returns how many runs ended how, and whether two of one partition were seen at once."""
    with open_instance(load_settings()) as instance:
        runs = instance.get_runs(RunsFilter())
    of = {run.run_id: run.tags.get("dagster/partition") for run in runs}
    ends = Counter(r.status.value.lower() for r in runs if "dagster/backfill" in r.tags)
    both = any(
        max(Counter(of.get(r, r) for r in at_once).values(), default=0) > 1 for at_once in seen
    )
    return ", ".join(f"{n} {end}" for end, n in sorted(ends.items())), "yes" if both else "no"


def main(folder: Path, archives: str, chosen: list[str]) -> None:
    """Tries what was chosen, and prints all that was tried; ends with 1 where a byte differs."""
    kept = folder / "losses.json"
    rows = json.loads(kept.read_text()) if kept.exists() else {}
    with PostgresServer() as server, bucket_server(folder / "bucket.log") as endpoint:
        stage = Stage(folder, archives, server, endpoint)
        for name, work in WORKS.items():
            for loss in work.losses:
                tried = f"{name}:{loss.__name__}"
                if not chosen or {name, tried} & {*chosen}:
                    rows[tried] = stage.row(name, loss)
                    kept.write_text(json.dumps(rows), encoding="utf-8")
                    print(rows[tried], file=sys.stderr, flush=True)
    table = pd.DataFrame([rows[k] for k in rows])
    print("\n".join(markdown_table(table)))
    sys.exit(int(not table["same bytes"].eq("yes").all()))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(Path(sys.argv[1]).resolve(), str(Path(sys.argv[2]).resolve()), sys.argv[3:])
    else:
        parse(sys.argv[1])
