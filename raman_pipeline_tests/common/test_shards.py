"""Shards: made once, in parallel, whatever is lost on the way."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raman_pipeline.common.errors import EarlierVersionError
from raman_pipeline.common.shards import (
    Ledger,
    ShardError,
    Workers,
    in_shards,
    make_shards,
    remove_others,
    shard_of,
)
from raman_pipeline.common.storage import store_path

TWO = Workers(number=2)


def squares(argument: tuple[Path, int]) -> pa.Table:
    """Notes that it ran, and returns a table of one row."""
    log, number = argument
    with log.open("a") as file:
        file.write(f"{number}\n")
    return pa.table({"square": [number**2]})


def killed_once(argument: tuple[Path, int]) -> pa.Table:
    """The first process that makes shard 2 dies as if killed for its memory."""
    marker = argument[0].with_suffix(".killed")
    if argument[1] == 2 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return squares(argument)


def always_killed(argument: object) -> pa.Table:
    """Never returns."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError(argument)


def fails(argument: tuple[Path, int]) -> pa.Table:
    """Fails for shard 2."""
    if argument[1] == 2:
        raise ValueError("no table of 2")
    return squares(argument)


def of_an_earlier_version(argument: object) -> pa.Table:
    """Fails as a file of the store does."""
    raise EarlierVersionError(argument, "a column")


def never_ends(argument: tuple[Path, int]) -> pa.Table:
    """Notes its process."""
    with argument[0].open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(600)
    raise AssertionError(argument)


def process_of(_: object) -> pa.Table:
    """Returns the process that it runs in."""
    return pa.table({"process": [os.getpid()]})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def arguments(log: Path, count: int = 4) -> dict[str, tuple[Path, int]]:
    return {f"part-{i}": (log, i) for i in range(count)}


def made(log: Path) -> list[int]:
    return sorted(map(int, log.read_text().split()))


@pytest.mark.parametrize("workers", [Workers(number=1), TWO])
def test_makes_only_what_is_missing(tmp_path: Path, log: Path, workers: Workers) -> None:
    seen: list[tuple[int, int]] = []
    make_shards(squares, arguments(log, 2), tmp_path / "out", workers)
    paths = make_shards(
        squares, arguments(log), tmp_path / "out", workers, lambda *counts: seen.append(counts)
    )
    assert made(log) == [0, 1, 2, 3]
    assert seen == [(2, 4), (3, 4), (4, 4)]
    assert [pq.read_table(path)["square"][0].as_py() for path in paths] == [0, 1, 4, 9]


def test_no_more_processes_than_this_one_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # as the jobs of Ray have it
    paths = make_shards(process_of, {"one": 1, "two": 2}, tmp_path / "out")
    assert [pq.read_table(path)["process"][0].as_py() for path in paths] == 2 * [os.getpid()]


def test_lost_process_is_replaced(tmp_path: Path, log: Path) -> None:
    paths = make_shards(killed_once, arguments(log), tmp_path / "out", TWO)
    quiet = make_shards(squares, arguments(log), tmp_path / "quiet", Workers(number=1))
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in quiet]


def test_lost_worker_of_ray_is_replaced(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "240")
    ray.init("local", num_cpus=2, object_store_memory=80 * 2**20, include_dashboard=False)
    try:
        paths = make_shards(killed_once, arguments(log, 9), tmp_path / "out", Workers("ray"))
        with pytest.raises(ValueError, match="^no table of 2$"):
            make_shards(fails, arguments(log), tmp_path / "failed", Workers("ray"))
    finally:
        ray.shutdown()
    quiet = make_shards(squares, arguments(log, 9), tmp_path / "quiet", Workers(number=1))
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in quiet]


def test_gives_up_where_every_process_dies(tmp_path: Path, log: Path) -> None:
    with pytest.raises(ShardError, match="3 times in a row.*memory"):
        make_shards(always_killed, arguments(log), tmp_path / "out", TWO)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path, log: Path) -> None:
    chosen = (never_ends, arguments(log, 2), tmp_path / "out", TWO)
    parent = multiprocessing.get_context("spawn").Process(target=make_shards, args=chosen)
    parent.start()

    def wait_for(what: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not what():
            assert time.monotonic() < until
            time.sleep(0.1)

    wait_for(lambda: log.exists() and len(made(log)) == 2)
    parent.kill()
    files = [Path(f"/proc/{pid}/cmdline") for pid in made(log)]  # empty once it has ended
    wait_for(lambda: not any(file.exists() and file.read_bytes() for file in files))


def test_error_of_the_work_is_raised_and_the_rest_stays(tmp_path: Path, log: Path) -> None:
    with pytest.raises(ValueError, match="no table of 2"):
        make_shards(fails, arguments(log, 3), tmp_path / "out", Workers(number=1))
    assert len(make_shards(squares, arguments(log, 3), tmp_path / "out")) == 3
    assert made(log) == [0, 1, 2]


def test_errors_of_the_work_are_as_they_were_raised(tmp_path: Path) -> None:
    with pytest.raises(EarlierVersionError, match=r"^x was made by .* \(lacks a column\)"):
        make_shards(of_an_earlier_version, {"a": "x", "b": "x"}, tmp_path, TWO)


@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_a_ledger_ends_empty_whoever_tidies_up(
    where: str, tmp_path: Path, log: Path, request: pytest.FixtureRequest
) -> None:
    in_bucket = where == "bucket" and store_path(request.getfixturevalue("bucket").url)
    work = (in_bucket or tmp_path) / "work"
    old = Ledger(work / "version-1", Workers(number=1))
    make_shards(squares, arguments(log, 1), old.folder)
    ledger = Ledger(work / "version-2", Workers(number=1))
    tables = ledger.tables(squares, arguments(log))
    assert next(tables)["square"][0].as_py() == 0
    remove_others(ledger.folder, ())  # as another run does that ends now
    assert [table["square"][0].as_py() for table in tables] == [1, 4, 9]
    assert list(work.rglob("*")) == []


def times(log: Path, factor: int, number: int) -> pa.Table:
    if number == 9:
        raise ValueError("no 9")
    return squares((log, number)).set_column(0, "product", pa.array([factor * number]))


def test_in_shards_are_the_same_tables_and_goes_on(tmp_path: Path, log: Path) -> None:
    ledger = Ledger(tmp_path / "work" / "version-1", TWO)
    alone = in_shards(partial(times, log, 3), range(3), None)
    with pytest.raises(ValueError, match="no 9"):
        in_shards(partial(times, log, 3), [0, 1, 9], replace(ledger, workers=Workers(number=1)))
    assert in_shards(partial(times, log, 3), range(3), ledger).equals(alone)
    assert made(log) == [0, 0, 1, 1, 2, 2]
    assert in_shards(partial(times, log, 4), range(3), ledger)["product"].to_pylist() == [0, 4, 8]


def test_no_shards_no_folder(tmp_path: Path) -> None:
    assert make_shards(squares, {}, tmp_path / "out") == []
    assert not (tmp_path / "out").exists()


def test_former_files_are_removed(tmp_path: Path, log: Path) -> None:
    kept = make_shards(squares, arguments(log), tmp_path, Workers(number=1))[:1]
    remove_others(tmp_path, kept)
    assert list(tmp_path.glob("*.parquet")) == kept
    assert log.exists()


def test_a_key_keeps_its_shard() -> None:
    assert [shard_of("R040031", shards) for shards in (64, 1)] == [24, 0]
