"""Work that grows with the data, cut into shards that local processes or Ray make in parallel.

Every shard is one table file, replaced whole, whose name says what it is made from. So the folder
is the ledger: who starts again, after whatever loss, makes only what is missing, and two that make
the same shard write the same bytes.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
from threadpoolctl import threadpool_limits

from raman_pipeline.common.atomic import ELSEWHERE, naming, release, replacing, temporary_file
from raman_pipeline.common.errors import InputError
from raman_pipeline.common.parquet import StoredTable, write_table
from raman_pipeline.common.processes import Engine, cpu_count, end_with_parent
from raman_pipeline.common.storage import StorePath

Work: TypeAlias = Callable[[Any], pa.Table]
"""Makes the table of a shard from its argument; pickled once per process, with what it holds."""
_ROUNDS = 3
"""Times that lost workers are replaced without a shard being made in between."""


class ShardError(InputError):
    """Shards cannot be made; the message says why and what is there."""


@dataclass(frozen=True)
class Workers:
    """Who makes shards.

    Attributes:
        engine: processes of this machine, or tasks of the Ray cluster that this machine is
            a node of.
        number: of processes, by default `cpu_count`; or of tasks that Ray has at once, by
            default two per CPU of the cluster.
    """

    engine: Engine = "local"
    number: int | None = None


def shard_of(key: str, shards: int) -> int:
    """Returns the shard of a key, by its SHA-256: the same everywhere and for ever."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % shards


def make_shards(
    work: Work,
    arguments: Mapping[str, Any],
    folder: StorePath,
    workers: Workers | None = None,
    on_shard: Callable[[int, int], None] | None = None,
    elsewhere: str = ELSEWHERE,
) -> list[StorePath]:
    """Makes the files that are missing, and returns all in the order of the arguments.

    Args:
        work: makes the table of a shard; its errors are not tried again.
        arguments: by the name of the shard. The name is that of the file, and says all that its
            content depends on (hashes of the input, version of the code).
        folder: of the files; one that all workers see.
        workers: by default processes of this machine.
        on_shard: called with the number of files there are, and of those to be, after each.
        elsewhere: how to choose another folder, for the error.

    Raises:
        WriteError: the folder cannot be written; before any work is done.
        ShardError: workers are lost again and again, or their files are not seen here.
    """
    workers, total = workers or Workers(), len(arguments)
    if isinstance(folder, Path):  # other processes may have another current folder
        folder = folder.absolute()
    present = _present(folder)
    missing = {n: a for n, a in arguments.items() if f"{n}.parquet" not in present}
    report = on_shard or (lambda made, total: None)
    report(made := total - len(missing), total)
    if missing and isinstance(folder, Path):
        with naming(folder / "part", elsewhere):
            release(temporary_file(folder))
    make = _on_ray if workers.engine == "ray" else _in_processes
    for _ in make(_Maker(work, folder, elsewhere), missing, workers.number):
        report(made := made + 1, total)
    paths = [folder / f"{name}.parquet" for name in arguments]
    if lost := {path.name for path in paths} - _present(folder):
        raise ShardError(
            f"{folder}: {len(lost)} of {total} shards were made and cannot be seen here; all "
            "machines need one folder, or a bucket (RAMAN_PIPELINE_STORE)"
        )
    return paths


@dataclass(frozen=True)
class Ledger:
    """Where the shards of one result lie until it is whole, and who makes them.

    Attributes:
        folder: of the files; it stands for the version of the code that makes them.
        workers: who makes them.
    """

    folder: StorePath
    workers: Workers = Workers()

    def tables(self, work: Work, arguments: Mapping[str, Any]) -> Iterator[pa.Table]:
        """Makes shards (see `make_shards`), yields them in order, and then removes them.

        What an abandoned version of the code left beside its folder is removed, too.
        """
        paths = make_shards(work, arguments, self.folder, self.workers)
        for path, name in zip(paths, arguments, strict=True):
            try:
                table = StoredTable(path).read()
            except FileNotFoundError:  # another run of the same work ended before
                make_shards(work, {name: arguments[name]}, self.folder, self.workers)
                table = StoredTable(path).read()
            yield table
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in _children(self.folder.parent):
            if folder != self.folder:
                remove_others(folder, ())
            if isinstance(folder, Path):
                with suppress(OSError):
                    folder.rmdir()


def in_shards(work: Work, arguments: Iterable[Any], ledger: Ledger | None) -> pa.Table:
    """Returns the tables that a work makes of its arguments, as one; in parallel with a ledger.

    The shards are named by the argument and all that the work holds.
    """
    if ledger is None:
        return pa.concat_tables(map(work, arguments)).combine_chunks()
    held, by_name = hashlib.sha256(pickle.dumps(work)), {}
    for argument in arguments:
        name = held.copy()
        name.update(pickle.dumps(argument))
        by_name[name.hexdigest()[:32]] = argument
    return pa.concat_tables(ledger.tables(work, by_name)).combine_chunks()


def remove_others(folder: StorePath, wanted: Collection[StorePath]) -> None:
    """Removes the shard files of a folder that are not wanted any more."""
    names = {path.name for path in wanted}
    for name in _present(folder) - names:
        with suppress(FileNotFoundError):
            (folder / name).unlink()


@dataclass(frozen=True)
class _Maker:
    """Makes one shard and writes its file, in whatever process."""

    work: Work
    folder: StorePath
    elsewhere: str

    def __call__(self, name: str, argument: Any) -> str:
        # One thread in every process: sums in another order end in other bits.
        with threadpool_limits(1):
            table = self.work(argument)
        with replacing(self.folder / f"{name}.parquet", self.elsewhere) as file:
            write_table(file, table)
        return name


def _present(folder: StorePath) -> set[str]:
    return {path.name for path in _children(folder) if path.name.endswith(".parquet")}


def _children(folder: StorePath) -> list[StorePath]:
    """Returns what is in a folder; in a bucket there is none once its last object is removed."""
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _in_processes(make: _Maker, missing: Mapping[str, Any], number: int | None) -> Iterator[str]:
    """Yields shards as they are made; a killed process costs those that were being made."""
    number = min(number or cpu_count(), len(missing))
    if number <= 1:  # a process takes a second to start
        yield from (make(name, argument) for name, argument in missing.items())
        return
    left, rounds = dict(missing), 0
    while left:
        before = len(left)
        # Spawned: a forked child would share the parent's threads of torch and Arrow.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(number, context, _begin_worker, (make,))
        try:
            futures = []
            with suppress(BrokenProcessPool):  # also while work is handed over
                for name in left:
                    futures.append(pool.submit(_make, name, left[name]))
            for future in as_completed(futures):
                with suppress(BrokenProcessPool):
                    left.pop(name := future.result())
                    yield name
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        rounds = 0 if len(left) < before else rounds + 1
        if left and rounds == _ROUNDS:
            raise ShardError(
                f"{make.folder}: {_ROUNDS} times in a row processes were killed before one of "
                f"{len(left)} shards was made; is there enough memory? What is made stays"
            )


def _on_ray(make: _Maker, missing: Mapping[str, Any], number: int | None) -> Iterator[str]:
    """Yields shards as tasks of Ray make them; what a lost worker or node had is made again."""
    import ray
    from ray.exceptions import RayTaskError

    if not ray.is_initialized():
        _join_cluster()
    # Lost workers and nodes are tried again without end, errors of the work are not.
    remote = ray.remote(num_cpus=1, max_retries=-1, scheduling_strategy="SPREAD")(_Maker.__call__)
    shared = ray.put(make)
    waiting = iter(missing.items())
    most = number or 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
    running = {remote.remote(shared, *item) for item in islice(waiting, most)}
    while running:
        done, _ = ray.wait(list(running), num_returns=1)
        running -= set(done)
        try:
            yield from ray.get(done)
        except RayTaskError as error:  # its own text is a traceback
            raise error.cause from error
        running |= {remote.remote(shared, *item) for item in islice(waiting, len(done))}


def _join_cluster() -> None:
    """Connects to the cluster that this machine is a node of.

    RAY_ADDRESS may be the address where jobs are sent (http://…), which tasks cannot use.
    """
    import ray

    address = os.environ.pop("RAY_ADDRESS", "")
    try:
        ray.init("auto" if address.startswith("http") else address or "auto", log_to_driver=False)
    except (ConnectionError, ValueError) as error:
        raise ShardError(
            f"this machine is no node of a Ray cluster ({error}); start it with `ray start "
            "--address HEAD:6379`, or leave out --engine ray"
        ) from error
    finally:
        if address:
            os.environ["RAY_ADDRESS"] = address


_in_this_process: list[_Maker] = []


def _begin_worker(make: _Maker) -> None:
    """Prepares a process of a pool; an interrupt is the parent's, who lets it finish."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    _in_this_process.append(make)  # once, as what the work holds may be large


def _make(name: str, argument: Any) -> str:
    return _in_this_process[0](name, argument)
