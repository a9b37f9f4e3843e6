"""Maps: the spectra of one file, each at its place of the stage, and the minerals there.

The file is copied once into a table whose rows can be read in any order: so processes share the
work, it goes on after an interruption (see `bulk`), and memory does not grow with the map.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from raman_pipeline.common import atomic
from raman_pipeline.common.errors import InputError
from raman_pipeline.common.parquet import write_table
from raman_pipeline.common.shards import Workers
from raman_pipeline.learning.identification import bulk
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.phases import NO_ANSWER, UNKNOWN, Phase, phases_of
from raman_pipeline.learning.identification.tables import copy_spectra, metadata_of

POINTS_FILE, PHASES_FILE, ANSWERS_FOLDER = "points.parquet", "phases.csv", "identified"
_ELSEWHERE = "give --map another folder"

POINTS = pa.schema(
    {
        "spectrum": pa.int64(),
        "x": pa.float64(),
        "y": pa.float64(),
        "phase": pa.string(),
        "mineral": pa.string(),
        "probability": pa.float64(),
        "rruff_id": pa.string(),
        "similarity": pa.float64(),
        "in_library_probability": pa.float64(),
        "error": pa.string(),
    }
)
"""A row per spectrum, by its number in the file (from 1); `phase` is its most probable mineral,
UNKNOWN or NO_ANSWER. The metadata has `unit` of x and y, and what that of `bulk.RESULTS` has."""


def identify_map(
    task: bulk.Task,
    file: Path,
    folder: Path,
    workers: Workers,
    on_shard: Callable[[int, int], None] | None = None,
) -> pa.Table:
    """Identifies the spectra of a map, and returns its points, a table of POINTS.

    Args:
        task: how.
        file: of the spectra.
        folder: for points, phases and all answers (a data set of `bulk.RESULTS`). If it has those
            of the same file and task already, in whole or in part, only the rest is made.
        workers: who does it.
        on_shard: see `make_shards`.

    Raises:
        InputError: the file cannot be read, or does not state where each spectrum was measured; the
            folder holds the file, or results of another one.
        ShardError: see `make_shards`.
    """
    file, folder = file.absolute(), folder.absolute()
    if folder.resolve() in file.resolve().parents:
        raise InputError(f"{folder}: holds the source {file}; {_ELSEWHERE}")
    answers = folder / ANSWERS_FOLDER
    before = list(folder.iterdir()) if folder.is_dir() else None
    if not any(answers.glob("*.parquet")):
        others = {one.name for one in before or () if not one.name.startswith(".")}
        if others := others - {ANSWERS_FOLDER}:
            raise InputError(f"{folder}: holds other files ({min(others)}); {_ELSEWHERE}")
    bulk.require_own(answers, [file], [str(file)])
    Identifier.open(task.library, task.filters, task.own)  # that there is one, before the copy
    copy = folder / ".spectra.parquet"
    try:
        copy_spectra(file, task.options, copy, bulk.SHARD_SPECTRA)
    except InputError:
        if before is None:  # made in vain
            with suppress(OSError):
                folder.rmdir()
        raise
    try:
        bulk.identify_all(task, [copy], answers, workers, on_shard, [str(file)])
        points = _points(copy, answers)
        copy.unlink()
    except FileNotFoundError as error:
        raise InputError(
            f"{folder}: another command has made this map meanwhile; give the command again"
        ) from error
    if points["mineral"].null_count == points.num_rows:
        raise InputError(f"{file}: no spectrum can be used: {points['error'][0]}")
    with atomic.replacing(folder / POINTS_FILE, _ELSEWHERE) as temporary:
        write_table(temporary, points)
    atomic.write_text(folder / PHASES_FILE, _csv(phases(points)))
    return points


def phases(points: pa.Table) -> list[Phase]:
    """Returns the phases of a table of POINTS."""
    names, probabilities = (points[name].to_pylist() for name in ("phase", "probability"))
    return phases_of(zip(names, probabilities, strict=True))


def _csv(phases: Iterable[Phase]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("phase", "points", "share", "median_probability"))
    for one in phases:
        sure = "" if one.probability is None else f"{one.probability:.4f}"
        writer.writerow((one.name, one.points, f"{one.share:.4f}", sure))
    return text.getvalue()


def _points(copy: Path, answers: Path) -> pa.Table:
    places = pq.read_table(copy, columns=["x", "y", "unit"])
    parts = sorted(answers.glob("*.parquet"))
    points = pa.concat_tables(map(_answers, parts)).sort_by("spectrum")
    for name in ("x", "y"):
        points = points.set_column(POINTS.get_field_index(name), name, places[name])
    about = {k: v for k, v in metadata_of(parts[0]).items() if k != "ARROW:schema"}
    unit = next((u for u in places["unit"].unique().to_pylist() if u is not None), "")
    return points.replace_schema_metadata(about | {"unit": unit})


def _answers(part: Path) -> pa.Table:
    """Returns the answers of a part, a table of POINTS without places."""
    table = pq.read_table(
        part, columns=["file", "error", "unknown", "in_library_probability", "minerals"]
    )
    # An error has no list of minerals.
    first = (m[0] if m else {} for m in pc.list_slice(table["minerals"], 0, 1).to_pylist())
    rows = [
        {
            **row,
            **mineral,
            "spectrum": int(row["file"].rpartition("#")[2]),
            "mineral": mineral.get("name"),
            "phase": UNKNOWN if row["unknown"] else mineral.get("name", NO_ANSWER),
        }
        for row, mineral in zip(table.drop_columns("minerals").to_pylist(), first, strict=True)
    ]
    return pa.Table.from_pylist(rows, POINTS)
