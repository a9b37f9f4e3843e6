"""A phase map with its truth: how many points are right, and how fast and large a map is made.

    python -m benchmarks.phase_map STORE FOLDER                    # accuracy, picture
    python -m benchmarks.phase_map STORE FOLDER --points 100000    # time and memory alone

STORE is a store of the profile `rruff`, with its mineral library. The map is made of its spectra:
grains of MINERALS, two specimens of each, which are taken out of the library; grains of ABSENT,
which is taken out as a whole; resin, that no library has. A point near a border is the sum of both
sides. Noise is that of counts, the background grows from left to right, and some points are dead.
The same map is written as text of LabSpec and of WiRE, and as a Parquet table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raman_pipeline.common.shards import Workers
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.bulk import Task
from raman_pipeline.learning.identification.filters import Filters
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.maps import identify_map
from raman_pipeline.learning.identification.phases import NO_ANSWER, UNKNOWN
from raman_pipeline.plots.phase_map import draw_phases, legend_of, phase_colours
from raman_pipeline.plots.style import new_figure
from raman_pipeline.spectra.spectrum_files import ReadOptions

MINERALS = ("Quartz", "Calcite", "Albite", "Almandine", "Rutile")
ABSENT = "Zircon"
RESIN = "resin"
AXIS = np.linspace(200.0, 1200.0, 1015)
STEP_UM = 2.0
_RESIN_BANDS = ((640, 40, 0.5), (825, 60, 0.6), (1110, 70, 1.0), (1185, 50, 0.9), (1250, 60, 0.7))
_BORDER = 0.2
"""Share of another phase from which on a point is one of a border."""

Floats = npt.NDArray[np.float64]


class Map(NamedTuple):
    """A made map.

    Attributes:
        x: of each point, µm, float64 [n]; y, too.
        y: see x.
        intensity: counts, float32 [n, m].
        truth: the phase that each point is mostly of; NO_ANSWER of dead ones.
        border: bool [n].
        grain: that each point is mostly of, int64 [n].
    """

    x: Floats
    y: Floats
    intensity: npt.NDArray[np.float32]
    truth: npt.NDArray[np.str_]
    border: npt.NDArray[np.bool_]
    grain: npt.NDArray[np.int64]


def specimens(store: Path) -> dict[str, list[tuple[str, Floats]]]:
    """Returns id and spectrum, float64 [m] and 1 at most, of two specimens of each mineral."""
    columns = ["mineral", "rruff_id", "kind", "raman_shift", "intensity"]
    chosen = [("mineral", "in", [*MINERALS, ABSENT]), ("kind", "==", "Processed")]
    table = pq.read_table(store / "assets/spectra.parquet", columns=columns, filters=chosen)
    found: dict[str, dict[str, Floats]] = {name: {} for name in (*MINERALS, ABSENT)}
    for row in sorted(table.to_pylist(), key=lambda row: row["rruff_id"]):
        shift, intensity = np.array(row["raman_shift"]), np.array(row["intensity"])
        whole = shift[0] <= AXIS[0] and shift[-1] >= AXIS[-1]
        if whole and len(found[row["mineral"]]) < 2:
            values = np.interp(AXIS, shift, intensity - intensity.min())
            found[row["mineral"]].setdefault(row["rruff_id"], values / values.max())
    return {name: list(some.items()) for name, some in found.items()}


def library_without(store: Path, left_out: set[str], path: Path) -> Path:
    """Writes the library without some specimens and without ABSENT; returns its path."""
    library = MineralLibrary.from_state(
        ModelState.read(store / "assets/mineral_library.safetensors")
    )
    kept = [
        library.specimens[s] not in left_out and library.minerals[m] != ABSENT
        for s, m in zip(library.specimen, library.mineral, strict=True)
    ]
    library.subset(np.array(kept)).to_state().write(path)
    return path


def made_map(grains: dict[str, list[tuple[str, Floats]]], points: int, seed: int = 0) -> Map:
    """Returns a map of about as many points, four wide and three high."""
    rng = np.random.default_rng(seed)
    high = round((points * 3 / 4) ** 0.5)
    wide = round(points / high)
    x, y = (a.ravel() * STEP_UM for a in np.meshgrid(np.arange(wide), np.arange(high)))
    resin = sum(h * np.exp(-(((AXIS - at) / w) ** 2)) for at, w, h in _RESIN_BANDS)
    of_grain = [(name, values) for name, some in grains.items() for _, values in some]
    of_grain += [(RESIN, resin / resin.max())] * 2
    order = rng.permutation(len(of_grain))
    cells = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(-1, 2)[: len(order)]
    seeds = (cells + rng.uniform(0.25, 0.75, cells.shape)) / 4 * [x.max(), y.max()]
    intensity, grain, border = [], [], []
    names = np.array([of_grain[g][0] for g in order], dtype="<U12")
    spectra = np.stack([of_grain[g][1] for g in order])
    for some in np.array_split(np.arange(x.size), max(1, x.size // 2000)):
        distance = np.hypot(x[some, None] - seeds[:, 0], y[some, None] - seeds[:, 1])
        weight = np.exp((distance.min(axis=1, keepdims=True) - distance) / STEP_UM)
        weight /= weight.sum(axis=1, keepdims=True)
        bright = np.exp(rng.normal(np.log(800), 0.5, some.size))[:, None]
        haze = 2 * (x[some] / x.max())[:, None] * np.exp(-(AXIS - AXIS[0]) / 900)
        counts = rng.poisson(bright * (weight @ spectra + haze)) + rng.normal(
            100, 5, (some.size, AXIS.size)
        )
        first = names[weight.argmax(axis=1)]
        other = np.where(names == first[:, None], 0, weight).sum(axis=1)
        intensity.append(counts.astype(np.float32))
        grain.append(weight.argmax(axis=1))
        border.append(other > _BORDER)
    of = np.concatenate(grain)
    found = Map(x, y, np.concatenate(intensity), names[of], np.concatenate(border), of)
    dead = rng.choice(x.size, max(1, x.size // 200), replace=False)
    found.intensity[dead] = 0
    found.truth[dead] = NO_ANSWER
    return found


def write_files(made: Map, folder: Path) -> list[Path]:
    """Writes the map as text of LabSpec and of WiRE and as a Parquet table."""
    points = list(zip(made.x, made.y, made.intensity, strict=True))
    labspec, wire = folder / "labspec.txt", folder / "wire.txt"
    with labspec.open("w", encoding="cp1252") as file:
        file.write("#Laser (nm)=\t532\n#AxisType[0]=\tIntens\n#AxisType[1]=\tSpectr\n")
        file.write("#AxisUnit[1]=\t1/cm\n#AxisType[2]=\tX\n#AxisUnit[2]=\tµm\n")
        file.write("#AxisType[3]=\tY\n#AxisUnit[3]=\tµm\n")
        file.write("\t\t" + "\t".join(f"{v:.3f}" for v in AXIS) + "\n")
        for x, y, values in points:
            file.write(f"{x:g}\t{y:g}\t" + "\t".join(f"{v:.1f}" for v in values) + "\n")
    with wire.open("w") as file:
        file.write("#X\t\t#Y\t\t#Wave\t\t#Intensity\n")
        for x, y, values in points:
            pairs = zip(AXIS[::-1], values[::-1], strict=True)
            file.writelines(f"{x:.6f}\t{y:.6f}\t{a:.6f}\t{v:.6f}\n" for a, v in pairs)
    return [labspec, wire, write_parquet(made, folder / "map.parquet")]


def write_parquet(made: Map, path: Path) -> Path:
    """Writes the map as a table of one group of rows; returns its path."""
    offsets = np.arange(made.x.size + 1, dtype=np.int32) * AXIS.size
    lists = {
        "raman_shift": np.tile(AXIS.astype(np.float32), made.x.size),
        "intensity": made.intensity.ravel(),
    }
    table = {"x (µm)": made.x, "y (µm)": made.y}
    table |= {n: pa.ListArray.from_arrays(offsets, pa.array(v)) for n, v in lists.items()}
    pq.write_table(pa.table(table), path, compression="zstd", row_group_size=made.x.size)
    return path


def report(made: Map, points: pa.Table) -> str:
    """Returns a Markdown table of what the points of each phase were called."""
    frame = pd.DataFrame({"truth": made.truth, "border": made.border})
    frame["phase"] = points["phase"].to_pylist()
    frame["mineral"] = points["mineral"].to_pylist()
    expected = frame.truth.replace({ABSENT: UNKNOWN, RESIN: UNKNOWN})
    frame["right"] = frame.phase == expected
    frame["first"] = frame.mineral == frame.truth
    frame["unknown"] = frame.phase == UNKNOWN
    lines = ["| truth | points | right | called unknown | its mineral first | next most called |"]
    lines += ["|---|---|---|---|---|---|"]
    groups = [(f"{name}, inside", some) for name, some in frame[~frame.border].groupby("truth")]
    groups += [("borders", frame[frame.border]), ("all", frame)]
    for name, some in groups:
        wrong = some.phase[~some.right & ~some.unknown].value_counts()
        called = ", ".join(f"{n} {c}" for n, c in wrong.head(2).items())
        lines.append(
            f"| {name} | {len(some)} | {some.right.mean():.3f} | {some.unknown.mean():.3f} "
            f"| {some['first'].mean():.3f} | {called} |"
        )
    return "\n".join(lines)


def draw(made: Map, points: pa.Table, path: Path) -> None:
    """Draws the truth beside the phases, in the same colours."""
    phases = points["phase"].to_pylist()
    expected = [UNKNOWN if name in (ABSENT, RESIN) else name for name in made.truth.tolist()]
    colours = phase_colours([*expected, *phases])
    figure, axes = new_figure(11.5, 3.9, columns=2)
    for ax, shown, title in zip(axes, (expected, phases), ("truth", "identified"), strict=True):
        draw_phases(ax, made.x, made.y, shown, colours, "µm")
        ax.set_title(title, fontsize=10)
    for grain in np.unique(made.grain):
        of_grain = (made.grain == grain) & (made.truth != NO_ANSWER)
        name = made.truth[of_grain][0]
        text = f"{name}, absent" if name in (ABSENT, RESIN) else name
        at = made.x[of_grain].mean(), made.y[of_grain].mean()
        axes[0].annotate(text, at, ha="center", va="center", fontsize=7, color="#1a1a1a")
    handles = legend_of(phases, colours)
    figure.legend(
        handles=handles, loc="outside right upper", frameon=False, fontsize=8, title="identified"
    )
    figure.savefig(path, dpi=110)


_USE = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
"""Runs a command and tells what it used; of its own, for a process starts with the peak of who
starts it."""


def measure(library: Path, file: Path, folder: Path, workers: int) -> str:
    """Returns time and memory of the command for a map."""
    command = [sys.executable, "-m", "raman_pipeline.cli.main", "identify", str(file)]
    command += ["--map", str(folder), "--library", str(library), "--workers", str(workers)]
    rows, start = pq.read_metadata(file).num_rows, time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-c", _USE, *command], check=True, stdout=subprocess.PIPE
    ).stdout
    cpu, memory = json.loads(told)
    return (
        f"{rows:,} points, {workers} processes: {time.perf_counter() - start:.0f} s, "
        f"{cpu:.0f} s of CPU, {rows / cpu:.0f} points a CPU second, "
        f"largest process {memory / 1024:.0f} MB"
    )


def main() -> None:
    """Runs the benchmark; see above."""
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--points", type=int)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    grains = specimens(arguments.store)
    left_out = {rruff_id for some in grains.values() for rruff_id, _ in some}
    library = library_without(arguments.store, left_out, folder / "library.safetensors")
    if arguments.points:
        made = made_map(grains, arguments.points)
        file = write_parquet(made, folder / f"{arguments.points}.parquet")
        print(measure(library, file, folder / f"map_{arguments.points}", arguments.workers))
        return
    made = made_map(grains, 1200)
    task = Task(library, Filters(), ReadOptions(), components=0)
    tables = [
        identify_map(task, file, folder / file.stem, Workers(number=arguments.workers))
        for file in write_files(made, folder)
    ]
    same = [tables[-1]["phase"].to_pylist() == one["phase"].to_pylist() for one in tables]
    print("specimens:", {name: [i for i, _ in some] for name, some in grains.items()})
    print("LabSpec, WiRE and Parquet give the same phases:", same[:-1])
    print(report(made, tables[-1]))
    draw(made, tables[-1], folder / "truth.png")


if __name__ == "__main__":
    main()
