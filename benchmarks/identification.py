"""Identification: time and memory of one file and of many, and accuracy on RAW spectra.

    python -m benchmarks.identification data/store/rruff FOLDER_OF_ZIPS [--files 1000]

Files are members of the archives, RAW ones first. The reference reads each with `numpy.loadtxt`,
interpolates it and takes the cosine of first derivatives with the same library; it gives no
probabilities, mixtures or countries. Accuracy is leave-one-specimen-out, with each baseline
correction. Prints two tables.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from itertools import compress
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.query import prepare
from raman_pipeline.learning.identification.search import EXCLUDED, by_mineral, by_specimen, search
from raman_pipeline.spectra.baseline import BASELINES
from raman_pipeline.spectra.derivatives import root_derivative_spectra
from raman_pipeline.spectra.normalise import unit_vectors
from raman_pipeline.spectra.spectrum_files import Spectrum

_STARTS = 5
_MOST_RAW = 600


def unpack(archives: Path, folder: Path, files: int) -> list[Path]:
    """Writes members of the archives into a folder, RAW ones first."""
    members = []
    for archive in sorted(archives.glob("*.zip")):
        with zipfile.ZipFile(archive) as zipped:
            members += [(archive, name) for name in zipped.namelist() if name.endswith(".txt")]
    members.sort(key=lambda m: ("RAW" not in m[1], m))
    for archive, name in members[:files]:
        with zipfile.ZipFile(archive) as zipped:
            (folder / Path(name).name).write_bytes(zipped.read(name))
    return sorted(folder.iterdir())


def timed(arguments: list[str]) -> tuple[float, float]:
    """Runs the command; returns seconds and the greatest memory of any child so far, MB."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "raman_pipeline.cli.main", "identify", "--json", *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    seconds = time.perf_counter() - begun
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def plain(library: MineralLibrary, files: list[Path]) -> float:
    """Finds the nearest mineral of each file with plain numpy; returns the seconds it takes."""
    begun = time.perf_counter()
    reference = unit_vectors(root_derivative_spectra(library.intensity, 4.0))
    for file in files:
        try:
            rows = np.loadtxt(file, delimiter=",", comments="#", encoding="latin-1")
        except ValueError:
            continue
        y = np.interp(library.grid, rows[:, 0], rows[:, 1], left=0, right=0)
        y = (y - y.min()) / (y.max() - y.min())
        derivative = root_derivative_spectra(y[None], 4.0)[0]
        library.minerals[library.mineral[int((reference @ derivative).argmax())]]
    return time.perf_counter() - begun


def raw_accuracy(library: MineralLibrary, spectra: Path) -> Table:
    """Returns the accuracy on RAW spectra; those of their own specimen are not searched.

    Queries are all RAW spectra, at most `_MOST_RAW` drawn with seed 0, whose mineral the library
    knows by processed spectra of other specimens.
    """
    columns = ["member", "kind", "mineral", "rruff_id"]
    rows = pq.read_table(spectra, columns=columns).to_pandas()
    known = np.array(library.minerals)[library.specimen_mineral]
    specimens = np.array(library.specimens)
    pairs = list(zip(rows["mineral"], rows["rruff_id"], strict=True))
    processed = set(compress(pairs, rows["kind"] == "Processed"))
    of_processed = np.array([p in processed for p in zip(known, specimens, strict=True)])
    others = np.array([((known == m) & (specimens != s) & of_processed).any() for m, s in pairs])
    rows = rows[(rows["kind"] == "RAW") & others]
    of_all, minerals = len(rows), rows["mineral"].nunique()
    if of_all > _MOST_RAW:
        rows = rows.sample(_MOST_RAW, random_state=0)
    raw = rows.join(pq.read_table(spectra, columns=["raman_shift", "intensity"]).to_pandas())
    table = Table(
        title=f"{len(raw)} of {of_all} RAW spectra ({minerals} minerals), leave-one-specimen-out"
    )
    table.add_column("baseline correction")
    table.add_column("top-1", justify="right")
    table.add_column("top-5", justify="right")
    for method in BASELINES:
        ranks = []
        for row in raw.itertuples():
            spectrum = Spectrum(row.member, row.raman_shift, row.intensity)
            query = prepare(spectrum, library.grid, method)
            found = search(library, query.derivatives[None], query.valid[None])
            similarity = by_specimen(library, found)
            similarity[:, specimens == row.rruff_id] = EXCLUDED
            scores = by_mineral(library, similarity)[0]
            ranks.append((scores > scores[library.minerals.index(row.mineral)]).sum())
        within = [f"{np.mean(np.array(ranks) < k):.3f}" for k in (1, 5)]
        table.add_row(method, *within)
    return table


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("archives", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    chosen = parser.parse_args()
    path = chosen.store / "assets" / "mineral_library.safetensors"
    library = ["--library", str(path)]
    table = Table(title=f"{chosen.files:,} files, library {path}")
    for name in ("what", "seconds", "files/s", "peak MB"):
        table.add_column(name, justify="left" if name == "what" else "right")
    with tempfile.TemporaryDirectory() as temporary:
        files = unpack(chosen.archives, Path(temporary), chosen.files)
        starts = sorted(timed([str(files[0]), *library]) for _ in range(_STARTS))
        seconds, memory = starts[_STARTS // 2]
        table.add_row(
            "one file, start included (median of 5)", f"{seconds:.2f}", "", f"{memory:.0f}"
        )
        for title, options in (
            ("all files", []),
            ("all files, mixtures of each", ["--mixtures"]),
        ):
            seconds, memory = timed([temporary, *library, *options])
            rate = f"{len(files) / seconds:.0f}"
            table.add_row(title, f"{seconds:.2f}", rate, f"{memory:.0f}")
        reference = MineralLibrary.from_state(ModelState.read(path))
        seconds = plain(reference, files)
        table.add_row(
            "plain numpy, nearest name only", f"{seconds:.2f}", f"{len(files) / seconds:.0f}", ""
        )
    Console(width=110).print(table, raw_accuracy(reference, path.parent / "spectra.parquet"))


if __name__ == "__main__":
    main()
