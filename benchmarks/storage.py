"""Prints what the storage layer costs on a folder, beside plain files in the same folder.

`python -m benchmarks.storage FOLDER`. Each is done in turn, so that a drifting machine or disk is
the same for all; the medians are shown.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd

from raman_pipeline.common.atomic import sync, write_bytes
from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.common.storage import local_copy, store_path

ROUNDS = 101


def plain(path: Path, data: bytes) -> None:
    """Writes a file beside its place and replaces the former; a power failure may lose both."""
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)


def plain_synced(path: Path, data: bytes) -> None:
    """The same with what makes it last: file and folder are flushed."""
    new = path.with_suffix(".new")
    new.write_bytes(data)
    sync(new)
    new.replace(path)
    sync(path.parent)


def read_plain(path: Path, data: bytes) -> None:
    """Reads a file."""
    assert len(path.read_bytes()) == len(data)


def read(path: Path, data: bytes) -> None:
    """Reads what the store has by that name."""
    assert len(local_copy(store_path(str(path))).read_bytes()) == len(data)


WAYS: dict[str, Callable[[Path, bytes], None]] = {
    "open, replace": plain,
    "the same, fsync": plain_synced,
    "written by the store": write_bytes,
    "read": read_plain,
    "read by the store": read,
}


def main(folder: Path) -> None:
    """Prints the table, in ms."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for size in (2**10, 2**20, 2**25):
        data, taken = os.urandom(size), {way: list[float]() for way in WAYS}
        for _ in range(ROUNDS if size < 2**25 else ROUNDS // 5):
            for way, do in WAYS.items():
                start = time.perf_counter()
                do(folder / "file", data)
                taken[way].append(1000 * (time.perf_counter() - start))
        row = {way: f"{median(times):.3g}" for way, times in taken.items()}
        rows.append({"bytes": f"{size:,}"} | row)
    print("\n".join(markdown_table(pd.DataFrame(rows))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
