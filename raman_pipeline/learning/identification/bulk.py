"""Identification of many spectra into a Parquet data set, by processes or Ray.

The spectra are those of a user's files, or rows of Parquet tables with the list columns
`raman_shift` and `intensity`, such as this package's `spectra.parquet`. Files are dealt to shards
by their names, so that a new file changes one shard; rows of a table are cut in their order.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from raman_pipeline import __version__
from raman_pipeline.common.errors import InputError
from raman_pipeline.common.shards import Workers, make_shards, remove_others, shard_of
from raman_pipeline.common.storage import StorePath, in_order, local_copy, state_of
from raman_pipeline.learning.identification.batches import (
    Unusable,
    files_below,
    identified,
    in_batches,
    queries_of,
    queries_of_files,
)
from raman_pipeline.learning.identification.filters import Filters
from raman_pipeline.learning.identification.identify import Identification, Identifier
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.learning.identification.tables import (
    COPY_OF,
    Rows,
    refuse_columns,
    spectra_of,
    spectra_table,
)
from raman_pipeline.spectra.user_files.spectrum import ReadOptions

SHARD_SPECTRA = 512
"""Spectra of a shard: some ten seconds of work."""
MOST_SHARDS = 512
_PARTS_OF_GROUP = 8
"""Most parts that read one group of rows of a table."""
_MINERAL = pa.struct(
    {"name": pa.string(), "probability": pa.float64(), "rruff_id": pa.string(),
     "similarity": pa.float64()}
)  # fmt: skip
_COMPONENT = pa.struct({"name": pa.string(), "rruff_id": pa.string(), "fraction": pa.float64()})
RESULTS = pa.schema(
    {
        "file": pa.string(),
        "error": pa.string(),
        "unknown": pa.bool_(),
        "in_library_probability": pa.float64(),
        "minerals": pa.list_(_MINERAL),
        "mixtures": pa.list_(pa.struct({"fit": pa.float64(), "components": pa.list_(_COMPONENT)})),
        "countries": pa.list_(pa.struct({"iso_a2": pa.string(), "probability": pa.float64()})),
        "warnings": pa.list_(pa.string()),
        "format": pa.string(),
        "points": pa.int32(),
        "shift_start": pa.float64(),
        "shift_stop": pa.float64(),
        "laser_nm": pa.float64(),
        "preprocessing": pa.list_(pa.string()),
    }
)
"""One row per spectrum, or per file that cannot be used (`error`); the metadata of the schema
has `library` (see `Identifier.library_facts`) and the fields of `About` as JSON."""


@dataclass(frozen=True)
class Task:
    """How spectra are identified; see `Identifier` and `Identifier.identify`."""

    library: StorePath
    filters: Filters
    options: ReadOptions
    baseline: str = "none"
    top: int = 5
    components: int = 2
    always_mixtures: bool = False
    own: StorePath | None = None


class About(NamedTuple):
    """What all shards of a data set have in common.

    Attributes:
        sources: the files, folders and tables that were named.
        library_version: hash of the content of the library, and of the own one if there is one.
        settings: everything that the user chose, and the version of raman_pipeline.
    """

    sources: list[str]
    library_version: str
    settings: dict[str, Any]


Part: TypeAlias = tuple[StorePath | Unusable, ...] | Rows


class Summary(NamedTuple):
    """What a data set holds: spectra by verdict, entries with an error; how it was made."""

    known: int
    unknown: int
    errors: int
    simulated: bool


def identify_all(
    task: Task,
    paths: Sequence[StorePath],
    out: StorePath,
    workers: Workers,
    on_shard: Callable[[int, int], None] | None = None,
    sources: Sequence[str] = (),
) -> Summary:
    """Identifies spectra into a data set of Parquet files; what is there already stays.

    Args:
        task: how.
        paths: files, folders of them, or Parquet tables.
        out: folder of the data set. Files of shards that changed are replaced, others removed.
        workers: who does it.
        on_shard: see `make_shards`.
        sources: names of the paths in the results; by default their own.

    Raises:
        InputError: there is nothing to identify, or the folder holds something else.
        ShardError: see `make_shards`.
    """
    task = replace(task, library=_absolute(task.library), own=task.own and _absolute(task.own))
    paths, out = [_absolute(path) for path in paths], _absolute(out)
    facts = Identifier.open(task.library, task.filters, task.own).library_facts
    named = list(sources) or [str(path) for path in paths]
    require_own(out, paths, named)
    about = About(named, _version(facts), _settings(task))
    same = json.dumps(about, sort_keys=True)
    parts = {f"part-{name}-{_digest(same, s)}": (part, s) for name, part, s in _parts(paths, out)}
    if any(isinstance(part, Rows) and not part.copied for part, _ in parts.values()):
        refuse_columns(task.options)
    if not parts:
        raise InputError(f"{', '.join(named)}: no file in it, or no row; give files with spectra")
    arguments = {name: (task, about, *some) for name, some in parts.items()}
    made = make_shards(
        identify_part, arguments, out, workers, on_shard, "give --out another folder"
    )
    remove_others(out, made)
    verdicts: Counter[bool | None] = Counter()
    for path in made:
        unknown = pq.read_table(local_copy(path), columns=["unknown"])["unknown"]
        verdicts.update(unknown.to_pylist())
    return Summary(verdicts[False], verdicts[True], verdicts[None], bool(facts["simulated"]))


def _absolute(path: StorePath) -> StorePath:
    """Returns a path that other processes understand, whatever their current folder is."""
    return path.absolute() if isinstance(path, Path) else path


def identify_part(argument: tuple[Task, About, Part, list[str]]) -> pa.Table:
    """Returns the results of one shard, a table of RESULTS.

    Raises:
        InputError: the library, or a source, is not the one that the data set was begun with.
    """
    task, about, part, states = argument
    identifier = _identifier(task.library, task.filters, task.own, about.library_version)
    if _version(identifier.library_facts) != about.library_version:
        raise InputError(f"{task.library}: was changed meanwhile; give the command again")
    grid = identifier.library.grid
    queries: Iterator[Query | Unusable]
    if isinstance(part, Rows):
        spectra = spectra_of(part, task.options)
        queries = queries_of(spectra, grid, task.baseline, every=True)
    else:
        queries = queries_of_files(part, grid, task.baseline, task.options)
    facts = {"library": identifier.library_facts, **about._asdict()}
    metadata = {name: json.dumps(value, sort_keys=True) for name, value in facts.items()}
    schema = RESULTS.with_metadata(metadata)
    tables = [schema.empty_table()]
    for batch in in_batches(queries):
        found = identified(identifier, batch, task.top, task.components, task.always_mixtures)
        tables.append(pa.Table.from_pylist([_row(result) for result in found], schema))
    if not _unchanged(part, states):
        what = part.source if isinstance(part, Rows) else "a file"
        raise InputError(f"{what}: was changed meanwhile; give the command again")
    return pa.concat_tables(tables).combine_chunks()


@lru_cache(maxsize=1)
def _identifier(
    library: StorePath, filters: Filters, own: StorePath | None, version: str
) -> Identifier:
    return Identifier.open(library, filters, own)


def _version(facts: dict[str, Any]) -> str:
    own = facts["own"]
    return f"{facts['version']} with own {own['version']}" if own else str(facts["version"])


def _row(result: Identification | Unusable) -> dict[str, Any]:
    if isinstance(result, Unusable):
        return result._asdict()
    data, read = result.as_json(), result.query.read
    start, stop = read["range_cm1"]
    return {
        **data,
        "minerals": [mineral | mineral["nearest"][0] for mineral in data["minerals"]],
        "warnings": [warning["text"] for warning in data["warnings"]],
        "format": read["format"],
        "points": read["points_measured"],
        "shift_start": start,
        "shift_stop": stop,
        "laser_nm": read["laser_nm"],
    }


def _settings(task: Task) -> dict[str, Any]:
    return {
        **task.filters.as_json(),
        **task.options.as_json(),
        "baseline": task.baseline,
        "top": task.top,
        "components": task.components,
        "mixtures": task.always_mixtures,
        "raman_pipeline": __version__,
    }


def _parts(paths: Iterable[StorePath], out: StorePath) -> Iterator[tuple[str, Part, list[str]]]:
    """Yields name, content and states (names, sizes and times of change) of every shard."""
    files: list[StorePath | Unusable] = []
    for path in paths:
        for file in _files(path, out):
            if isinstance(file, Unusable) or file.suffix.lower() != ".parquet":
                files.append(file)
                continue
            try:
                for name, rows in _parts_of_table(file):
                    yield name, rows, _states(rows)
            except InputError as error:
                if file == path:
                    raise
                files.append(Unusable(str(file), str(error)))
    count = 1
    while count < MOST_SHARDS and count * SHARD_SPECTRA < len(files):
        count *= 2
    dealt: dict[int, list[StorePath | Unusable]] = {}
    for one in files:
        name = one.file if isinstance(one, Unusable) else str(one)
        dealt.setdefault(shard_of(name, count), []).append(one)
    for shard, some in sorted(dealt.items()):
        yield f"{shard:04d}", tuple(some), _states(tuple(some))


def _parts_of_table(file: StorePath) -> Iterator[tuple[str, Rows]]:
    """Yields the parts of a table by names that do not depend on other tables."""
    table = spectra_table(file)
    groups = (table.metadata.row_group(n).num_rows for n in range(table.num_row_groups))
    # A part reads what is before it in its group of rows: of large groups, parts are large.
    size = max(SHARD_SPECTRA, -(-max(groups, default=0) // _PARTS_OF_GROUP))
    source = (table.schema_arrow.metadata or {}).get(COPY_OF.encode(), str(file).encode()).decode()
    begin = hashlib.sha256(source.encode()).hexdigest()[:6]
    for number, start in enumerate(range(0, table.metadata.num_rows, size)):
        stop = min(start + size, table.metadata.num_rows)
        yield f"{begin}-{number:06d}", Rows(file, start, stop, source)


def _files(path: StorePath, out: StorePath) -> Iterator[StorePath | Unusable]:
    """Yields the files of an argument, without hidden ones and without results below it."""
    if isinstance(path, Path):
        root, results = path.resolve(), _resolved(out)
        for found in files_below([path]):
            if isinstance(found, Unusable) or found == path:
                yield found
                continue
            if results not in (root / found.relative_to(path)).parents:
                yield found
    elif path.is_file():
        yield path
    else:
        below = (p for p in path.rglob("*") if p.is_file() and p.name[0] != ".")
        yield from in_order(p for p in below if not str(p).startswith(f"{out}/"))


def _resolved(path: StorePath) -> StorePath:
    return path.resolve() if isinstance(path, Path) else path


def _states(part: Part) -> list[str]:
    """Returns what changes when a source of a part does."""
    if isinstance(part, Rows):
        return [f"{_state(part.table)} {part.start} {part.stop}"]
    return [str(one) if isinstance(one, Unusable) else _state(one) for one in part]


def _unchanged(part: Part, states: list[str]) -> bool:
    try:
        return _states(part) == states
    except InputError:  # it is gone
        return False


def _state(file: StorePath) -> str:
    try:
        return state_of(file)
    except FileNotFoundError as error:
        raise InputError(f"{file}: there is no such file; check the name") from error


def _digest(same: str, states: list[str]) -> str:
    return hashlib.sha256("\n".join([same, *states]).encode()).hexdigest()[:16]


def require_own(out: StorePath, paths: Sequence[StorePath], sources: list[str]) -> None:
    """Refuses a place of results that holds anything but those of the same sources."""
    if out.is_file():
        raise InputError(f"{out}: is a file; name a folder for the Parquet files")
    for path in paths:
        place, results = _resolved(path), _resolved(out)
        if place == results or results in place.parents:
            raise InputError(f"{out}: holds the source {path}; name another folder for --out")
    for file in in_order(out.iterdir()) if out.is_dir() else ():
        if file.name.startswith("."):
            continue
        of = _sources_of(file)
        if of is None:
            raise InputError(f"{out}: holds other files ({file.name}); name a new folder")
        if of != sources:
            raise InputError(
                f"{out}: holds the results of {', '.join(of)}; name another folder, or delete it"
            )


def _sources_of(file: StorePath) -> list[str] | None:
    """Returns what a file of results was made from; None for any other file."""
    try:
        metadata = pq.read_schema(local_copy(file)).metadata or {}
        return json.loads(metadata[b"sources"])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return None
