"""One measurement per process: CPU time without start-up, and peak memory.

What belongs here: references and stages of this project, by name. What does not: the comparison
(see `ingestion`).
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

SLOW_SAMPLE = 300
"""Number of members for slow readers."""


def archives(site: Path) -> list[Path]:
    """Returns the zips of a site in order."""
    return sorted(site.glob("*.zip"))


def members(site: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the bytes of each member."""
    for path in archives(site):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                yield info.filename, archive.read(info)


def sample(site: Path) -> list[tuple[str, bytes]]:
    """Returns SLOW_SAMPLE members, evenly spaced."""
    found = list(members(site))
    return found[:: max(1, len(found) // SLOW_SAMPLE)][:SLOW_SAMPLE]


def timed(work: Callable[[], tuple[int, int]], repeat: int = 3) -> dict:
    """Returns count, bytes and the lowest CPU time (s, all threads) of some repetitions."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        count, size = work()
        best = min(best, time.process_time() - start)
    return {"count": count, "bytes": size, "seconds": best}


def inflate_zlib(site: Path) -> dict:
    """The lower bound: every member is only inflated, by `zipfile`."""

    def work() -> tuple[int, int]:
        sizes = [len(data) for _, data in members(site)]
        return len(sizes), sum(sizes)

    return timed(work)


def inflate_checked(site: Path) -> dict:
    """The same with the hardened zip reader."""
    from raman_pipeline.rruff.zip_archive import open_zip

    def work() -> tuple[int, int]:
        sizes = []
        for path in archives(site):
            with open_zip(path) as archive:
                sizes += [len(archive.read(info)) for info in archive.entries]
        return len(sizes), sum(sizes)

    return timed(work)


def arrays(site: Path) -> dict:
    """Zip to arrays and headers, as in the pipeline."""
    from raman_pipeline.rruff.archive import read_outcomes
    from raman_pipeline.rruff.member import Member

    next(iter(read_outcomes(archives(site)[0])))

    def work() -> tuple[int, int]:
        points = [
            len(outcome.raman_shift) if isinstance(outcome, Member) else 0
            for path in archives(site)
            for _, outcome in read_outcomes(path)
        ]
        return len(points), sum(points) * 8

    return timed(work)


def arrays_unpacked(folder: Path) -> dict:
    """The same from unpacked files, the input of the other packages."""
    from raman_pipeline.rruff.archive import read_outcomes

    paths = sorted(folder.glob("*/*.txt"))
    next(iter(read_outcomes(paths[0])))

    def work() -> tuple[int, int]:
        for path in paths:
            next(iter(read_outcomes(path)))
        return len(paths), sum(path.stat().st_size for path in paths)

    return timed(work)


def loadtxt(site: Path) -> dict:
    """`numpy.loadtxt` on inflated members; it reads rows only and fails on other lines."""
    import io

    failed = []

    def work(name: str, data: bytes) -> None:
        try:
            np.loadtxt(io.BytesIO(data), delimiter=",", comments="#", dtype=np.float32)
        except ValueError:
            failed.append(name)

    return _each(sample(site), work) | {"failed": len(failed)}


def parquet(site: Path) -> dict:
    """Zip to Parquet, archive by archive."""
    from raman_pipeline.rruff.archive import parse_archive, stage_archive

    parse_archive(min(archives(site), key=lambda p: p.stat().st_size), "warm")

    def work() -> tuple[int, int]:
        count = size = 0
        with tempfile.TemporaryDirectory() as folder:
            for path in archives(site):
                parsed = stage_archive(Path(folder), path, path.stem)
                count += parsed.members
                size += parsed.accepted.path.stat().st_size
        return count, size

    return timed(work, repeat=1)


def resample_compiled(site: Path) -> dict:
    """All spectra resampled to 1,024 points, compiled."""
    from raman_pipeline.spectra.resample import resample_set

    batches, grid = _ragged(site)
    warm = max(batches, key=len)
    resample_set([warm], len(warm), grid)
    count = sum(map(len, batches))

    def work() -> tuple[int, int]:
        return count, resample_set(batches, count, grid).intensity.nbytes

    return timed(work)


def resample_scipy(site: Path) -> dict:
    """The same by scipy's CubicSpline, spectrum by spectrum, without normalisation."""
    from raman_pipeline.spectra.resample import resample

    batches, grid = _ragged(site)
    batch = max(batches, key=len)
    count = min(len(batch), 1000)

    def work() -> tuple[int, int]:
        for row in range(count):
            resample(*batch.spectrum(row), grid)
        return count, count * grid.size * 4

    return timed(work)


def localities(site: Path) -> dict:
    """Distinct localities located offline, including reading of maps and gazetteer."""
    import pyarrow as pa

    from raman_pipeline.geography.georeferencing.candidates import (
        clean_localities,
        geocode_localities,
    )
    from raman_pipeline.geography.georeferencing.locate import locate_localities
    from raman_pipeline.orchestration.resources import Geography
    from raman_pipeline.profiles import load_settings
    from raman_pipeline.rruff.archive import parse_archive

    tables = [parse_archive(path, path.stem).accepted for path in archives(site)]
    frame = pa.concat_tables([t.select(["locality", "rruff_id"]) for t in tables]).to_pandas()

    def work() -> tuple[int, int]:
        geography = Geography(load_settings("sample"))
        atlas = geography.atlas
        cleaned = clean_localities(frame, atlas)
        answers = geocode_localities(cleaned, atlas, [atlas.offline])
        located = locate_localities(cleaned, answers, atlas, geography.overrides)
        return located.num_rows, 0

    return timed(work, repeat=1)


def chain(site: Path) -> dict:
    """Zips to tensor through the Parquet files of the assets, in one process."""
    from raman_pipeline.common.parquet import stage_table
    from raman_pipeline.rruff.archive import stage_archive
    from raman_pipeline.rruff.merge import SPECTRA, merge_archives
    from raman_pipeline.spectra.resample import Ragged, resample_set
    from raman_pipeline.spectra.tensor_file import SpectrumTensor, write_tensor
    from raman_pipeline.spectra.window import find_window

    def work() -> tuple[int, int]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            parsed = {
                path.stem: stage_archive(folder, path, path.stem).accepted
                for path in archives(site)
            }
            spectra = stage_table(folder, SPECTRA, merge_archives(parsed))
            ends = spectra.select(["shift_start", "shift_stop", "member_id"])
            window = find_window(ends["shift_start"].to_numpy(), ends["shift_stop"].to_numpy())
            grid = window.grid(1024)
            batches = (
                Ragged.from_columns(*batch.columns)
                for batch in spectra.batches(["raman_shift", "intensity"])
            )
            result = resample_set(batches, spectra.num_rows, grid)
            ids = tuple(ends["member_id"].to_pylist())
            tensor = folder / "tensor.safetensors"
            write_tensor(tensor, SpectrumTensor(result.intensity, grid, ids))
            return spectra.num_rows, tensor.stat().st_size

    return timed(work, repeat=1)


_MUTATIONS = 10_000


def fuzz(site: Path) -> dict:
    """The mutated members of the fuzz test: total and maximum time."""
    import random

    from raman_pipeline_tests.rruff.test_fuzz import mutated, outcome

    found, rng = sample(site), random.Random(0)
    seconds, worst, refused, size = 0.0, 0.0, 0, 0
    for number in range(_MUTATIONS):
        name, data = found[number % len(found)]
        for _ in range(rng.randint(1, 3)):
            data = mutated(data, rng) or b"\n"
        start = time.process_time()
        result = outcome(data, name)
        spent = time.process_time() - start
        refused += isinstance(result, Exception)
        seconds, worst, size = seconds + spent, max(worst, spent), size + len(data)
    return {
        "count": _MUTATIONS,
        "bytes": size,
        "seconds": seconds,
        "worst_s": worst,
        "refused": refused,
    }


def cold(site: Path) -> dict:
    """What compiled code adds to a new process: import, cached machine code, first call."""
    start = time.process_time()
    from raman_pipeline.spectra.spline import resample_ragged

    x = np.arange(4, dtype=np.float32)
    x.flags.writeable = False
    out, zero = np.zeros((1, 3), np.float32), np.zeros(1)
    resample_ragged(x, x, np.array([0, 4]), np.arange(3.0), out, zero, zero.copy())
    return {"count": 1, "bytes": 0, "seconds": time.process_time() - start}


def _each(found: list[tuple[str, bytes]], work: Callable[[str, bytes], object]) -> dict:
    def all_of_them() -> tuple[int, int]:
        for name, data in found:
            work(name, data)
        return len(found), sum(len(data) for _, data in found)

    return timed(all_of_them, repeat=1)


def _ragged(site: Path) -> tuple[list, np.ndarray]:
    import pyarrow as pa

    from raman_pipeline.rruff.archive import parse_archive
    from raman_pipeline.spectra.resample import Ragged

    batches = []
    for path in archives(site):
        table = parse_archive(path, path.stem).accepted
        for batch in table.select(["raman_shift", "intensity"]).to_batches(max_chunksize=512):
            batches.append(Ragged.from_columns(*pa.Table.from_batches([batch]).columns))
    return batches, np.linspace(0, 4245, 1024)


TASKS = {
    task.__name__: task
    for task in (
        inflate_zlib,
        inflate_checked,
        arrays,
        arrays_unpacked,
        loadtxt,
        parquet,
        resample_compiled,
        resample_scipy,
        localities,
        chain,
        fuzz,
        cold,
    )
}


def main() -> None:
    """Runs one task and prints the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("site", type=Path)
    arguments = parser.parse_args()
    found = TASKS[arguments.task](arguments.site)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(found | {"peak_mb": peak / 1024}))


if __name__ == "__main__":
    main()
