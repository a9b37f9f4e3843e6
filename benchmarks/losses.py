"""Prints what happens to a backfill on Ray if a part is lost in the middle.

Two Ray nodes, Postgres and the daemon, all of one's own on this machine; each time another part is
killed once a model was being fitted. `python -m benchmarks.losses FOLDER`, on a store that
`benchmarks.engines` made.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from dagster import RunsFilter

from benchmarks.engines import COMMAND, call, made
from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.instance import open_instance
from raman_pipeline_tests.postgres_server import PostgresServer
from raman_pipeline_tests.ray_nodes import ray_nodes

FOLDS = ("0|random", "1|random", "0|specimen", "1|specimen")
FAMILY = "rbf_svm"
_AWAY_S = 8.0
_UNDER_WAY_S = 4.0
_LIMIT_S = 900.0
_RUN_ID = re.compile(r'"pipeline_run_id": ?"([0-9a-f-]{36})"')


def _processes(store: Path, *words: str) -> dict[int, str]:
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


def _running(store: Path) -> dict[str, int]:
    """Returns the runs of which there is a process: run id to pid."""
    lines = _processes(store, "dagster", "execute_run")
    return {found[1]: pid for pid, line in lines.items() if (found := _RUN_ID.search(line))}


def worker(store: Path, cluster: Any, server: PostgresServer) -> str:
    """Kills the process of one run."""
    os.kill(next(iter(_running(store).values())), signal.SIGKILL)
    return "the process of a run, SIGKILL"


def node(store: Path, cluster: Any, server: PostgresServer) -> str:
    """Kills the raylet of the node beside the head; another node joins."""
    cluster.remove_node(cluster.workers[0], allow_graceful=False)
    cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    return "a raylet, SIGKILL; another node joined"


def database(store: Path, cluster: Any, server: PostgresServer) -> str:
    """Restarts Postgres."""
    server.stop()
    time.sleep(_AWAY_S)
    server.start()
    return f"Postgres, immediate; back after {_AWAY_S:.0f} s"


def daemon(store: Path, cluster: Any, server: PostgresServer) -> str:
    """Kills Dagster's daemon."""
    for pid in _processes(store, "raman_pipeline.runs.queue"):
        os.kill(pid, signal.SIGKILL)
    return "Dagster's daemon, SIGKILL"


def nothing(store: Path, cluster: Any, server: PostgresServer) -> str:
    """A quiet backfill, for its bytes."""
    return "nothing"


LOSSES: tuple[Callable[..., str], ...] = (nothing, worker, node, database, daemon)


def main(folder: Path, chosen: list[str]) -> None:
    """Prints the table; ends with 1 where a byte differs or two wrote at once."""
    rows: list[dict[str, Any]] = []
    quiet: dict[str, str] = {}
    with PostgresServer() as server:
        _copied(folder, "base")
        call("run", "--no-train", **_shared(folder, server.new_database("prepared")))
        shutil.rmtree(folder / "prepared", ignore_errors=True)
        shutil.copytree(folder / "store", folder / "prepared")
        for loss in LOSSES:
            if not chosen or loss.__name__ in ("nothing", *chosen):
                row, files = _try(folder, server, loss)
                quiet = quiet or files
                rows.append(row | {"same bytes": files == quiet})
                print(rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    words = {True: "yes", False: "no"}
    shown = table.assign(**{name: table[name].map(words) for name in ("two writers", "same bytes")})
    print("\n".join(markdown_table(shown)))
    sys.exit(int(not table["same bytes"].all() or table["two writers"].any()))


def _copied(folder: Path, former: str) -> Path:
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(folder / former, store)
    return store


def _shared(folder: Path, address: str) -> dict[str, str]:
    return {"RAMAN_PIPELINE_STORE": str(folder / "store"), "RAMAN_PIPELINE_DB": address}


def _try(
    folder: Path, server: PostgresServer, loss: Callable[..., str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the row of a loss, and the files that were made."""
    store = _copied(folder, "prepared")
    arguments = ["backfill", f"--family={FAMILY}", *(f"--partition={fold}" for fold in FOLDS)]
    shared = _shared(folder, server.new_database(loss.__name__, "prepared"))
    with ray_nodes(2, shared) as cluster:
        ray = {"RAMAN_PIPELINE_ENGINE": "ray", "RAY_ADDRESS": cluster.dashboard}
        environment = os.environ | shared | ray
        start = time.monotonic()
        command = subprocess.Popen(
            [*COMMAND, *arguments], env=environment, start_new_session=True, stdout=2
        )
        try:
            while len(_running(store)) < 2:
                assert command.poll() is None, "ended before anything was lost"
                assert time.monotonic() - start < _LIMIT_S
                time.sleep(0.2)
            time.sleep(_UNDER_WAY_S)
            lost, when = loss(store, cluster, server), time.monotonic() - start
            seen = []
            while command.poll() is None:
                assert time.monotonic() - start < _LIMIT_S
                seen.append(frozenset(_running(store)))
                time.sleep(0.5)
        finally:
            if command.poll() is None:
                os.killpg(command.pid, signal.SIGKILL)
        seconds, again = time.monotonic() - start, ""
        if command.returncode:  # it failed clearly, and the next one ends whole
            subprocess.run([*COMMAND, *arguments], env=environment, check=True, stdout=2)
            again = "; by the next command"
    os.environ.update(shared)
    runs, writers = _recorded(seen)
    files = made(store)
    whole = len(files) == 2 * len(FOLDS)
    return {
        "lost": lost,
        "after s": round(when),
        "ended": ("whole" if whole else f"{len(files)} files") + again,
        "s": round(seconds),
        "runs": runs,
        "two writers": writers,
    }, files


def _recorded(seen: list[frozenset[str]]) -> tuple[str, bool]:
    """Returns how many runs ended how, and whether two of one partition were seen at once."""
    with open_instance(load_settings()) as instance:
        runs = instance.get_runs(RunsFilter())
    of = {run.run_id: run.tags.get("dagster/partition") for run in runs}
    ends = Counter(r.status.value.lower() for r in runs if "dagster/backfill" in r.tags)
    both = any(
        max(Counter(of.get(r, r) for r in at_once).values(), default=0) > 1 for at_once in seen
    )
    return ", ".join(f"{n} {end}" for end, n in sorted(ends.items())), both


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
