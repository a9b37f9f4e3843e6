"""`raman-pipeline identify --out` and `--map`: many spectra into a folder, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from raman_pipeline.cli.console import err, out
from raman_pipeline.cli.identify_output import SIMULATED
from raman_pipeline.common.shards import Workers
from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.identification.bulk import Task, identify_all

if TYPE_CHECKING:
    import pyarrow as pa

_PHASES_SHOWN = 15
PICTURE = "phase_map.png"


@contextmanager
def _shown(first: str = "") -> Iterator[Callable[[int, int], None]]:
    """Shows the parts that are made, and what goes before; yields what is called after each."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    work = "identify, parts of some 500 spectra"
    try:
        with Progress(*columns, console=err) as progress:
            bar = progress.add_task(first or work, total=None)
            yield lambda made, total: progress.update(
                bar, description=work, completed=made, total=total
            )
    except KeyboardInterrupt:
        err.print("interrupted; finished parts are kept, give the same command to go on")
        raise


def identify_into(
    task: Task, files: Sequence[StorePath], folder: StorePath, workers: Workers
) -> bool:
    """Identifies spectra into a folder and says what was found; returns whether all are usable."""
    with _shown() as on_shard:
        found = identify_all(task, files, folder, workers, on_shard)
    if found.simulated:
        err.print(SIMULATED, soft_wrap=True)
    out.print(
        f"{folder}: {found.known + found.unknown:,} spectra identified, "
        f"{found.unknown:,} of them UNKNOWN; {found.errors:,} files or spectra cannot be "
        "used (column `error`)",
        soft_wrap=True,
    )
    return not found.errors


def map_into(task: Task, file: Path, folder: Path, workers: Workers) -> None:
    """Identifies the spectra of a map into a folder, draws their phases and says what was found."""
    import json

    from raman_pipeline.learning.identification import maps

    with _shown("read the map") as on_shard:
        points = maps.identify_map(task, file, folder, workers, on_shard)
    placed = points.filter(points["x"].is_valid())
    _draw(placed, file.name, folder / PICTURE)
    library = json.loads(points.schema.metadata[b"library"])
    if library["simulated"]:
        err.print(SIMULATED, soft_wrap=True)
    phases = maps.phases(points)
    lines = [f"{file}: {points.num_rows:,} points"]
    again = placed.num_rows - placed.group_by(["x", "y"]).aggregate([]).num_rows
    if again:
        lines.append(f"  {again:,} of them at the place of another one; the picture shows the last")
    for phase in phases[:_PHASES_SHOWN]:
        sure = "" if phase.probability is None else f", median probability {phase.probability:.2f}"
        lines.append(f"  {phase.share:6.1%}  {phase.name}, points: {phase.points:,}{sure}")
    if more := phases[_PHASES_SHOWN:]:
        lines.append(f"  {sum(p.share for p in more):6.1%}  {len(more)} more")
    lines += [
        f"{folder}: {PICTURE}, {maps.PHASES_FILE}, {maps.POINTS_FILE}; all answers: "
        f"{maps.ANSWERS_FOLDER}",
        f"cite: {library['citation']}",
    ]
    out.print("\n".join(lines), soft_wrap=True)


def _draw(placed: pa.Table, title: str, path: Path) -> None:
    import numpy as np

    from raman_pipeline.common import atomic
    from raman_pipeline.plots.phase_map import phase_map

    x, y, probability = (
        np.array(placed[name].to_pylist(), dtype=np.float64) for name in ("x", "y", "probability")
    )
    unit = placed.schema.metadata[b"unit"].decode()
    figure = phase_map(x, y, placed["phase"].to_pylist(), probability, title, unit)
    with atomic.replacing(path, "give --map another folder") as temporary:
        figure.savefig(temporary, format="png", dpi=150)
