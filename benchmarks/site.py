"""Sites of any size, simulated from real archives: members repeated under new ids.

Each repetition gets its own file ids and specimens, so that the pipeline finds no copies.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import re
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.measure import archives, members

RRUFF_MEMBERS = {
    "LR-Raman": 9941,
    "excellent_oriented": 7668,
    "excellent_unoriented": 11415,
    "fair_oriented": 25,
    "fair_unoriented": 2951,
    "poor_unoriented": 1639,
    "unrated_oriented": 3778,
    "unrated_unoriented": 639,
}
"""Members per archive in June 2026."""

_ID = re.compile(r"__[0-9a-f]+\.txt$")
_SPECIMEN = re.compile(rb"([RX])(\d{6})")


def renamed(name: str, data: bytes, copy: int) -> tuple[str, bytes]:
    """Returns a member with the file id and specimen of a copy; copy 0 is the original."""
    if copy == 0:
        return name, data
    identity = hashlib.sha256(f"{copy}/{name}".encode()).hexdigest()[:28]
    other = _ID.sub(f"__{identity}.txt", name)
    head, mark, rows = data.partition(b"##RRUFFID=")

    def specimen(match: re.Match[bytes]) -> bytes:
        return match[1] + b"%06d" % ((int(match[2]) + 101_101 * copy) % 1_000_000)

    line, end, rest = rows.partition(b"\n")
    text = _SPECIMEN.sub(specimen, other.encode(), count=1).decode()
    return text, head + mark + _SPECIMEN.sub(specimen, line, count=1) + end + rest


def write_archive(source: Path, target: Path, start: int, count: int) -> int:
    """Writes `count` members of the endless repetition of a site, from number `start` on."""
    found = list(members(source))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(start, start + count):
            copy, row = divmod(number, len(found))
            archive.writestr(*renamed(*found[row], copy))
    return count


def build(source: Path, target: Path, sizes: dict[str, int]) -> None:
    """Writes a site with archives of the given sizes."""
    target.mkdir(parents=True, exist_ok=True)
    starts = itertools.accumulate(sizes.values(), initial=0)
    with ProcessPoolExecutor(2) as pool:
        jobs = [
            pool.submit(write_archive, source, target / f"{name}.zip", start, size)
            for (name, size), start in zip(sizes.items(), starts, strict=False)
        ]
        for job in jobs:
            job.result()


def repeated(source: Path, target: Path, times: int) -> None:
    """Writes a site with `times` archives of the size of the source."""
    count = sum(1 for _ in members(source))
    build(source, target, {f"part_{n}": count for n in range(times)})


def main() -> None:
    """Builds a site of the size of RRUFF from a smaller one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    build(arguments.source, arguments.target, RRUFF_MEMBERS)
    for path in archives(arguments.target):
        print(f"{path.name}: {path.stat().st_size / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
