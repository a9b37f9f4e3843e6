"""Parquet tables of spectra: reading rows of them, and copying other files into one.

A table has the list columns `raman_shift` and `intensity` and a row per spectrum, such as this
package's `spectra.parquet`. A copy has places and all else that a reader finds in its file, too,
and its rows can be read in any order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raman_pipeline import __version__
from raman_pipeline.common import atomic
from raman_pipeline.common.errors import InputError
from raman_pipeline.common.storage import StorePath, local_copy, state_of
from raman_pipeline.learning.identification.batches import Source
from raman_pipeline.spectra.spectrum_files import find_each
from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.spectrum import (
    Floats,
    Found,
    Place,
    ReadOptions,
    Spectrum,
    SpectrumFileError,
    UnreadableError,
    as_spectrum,
)

LISTS = ("raman_shift", "intensity")
LASER = "wavelength_nm"
"""Columns of a table of spectra; the laser's may be missing."""
_NAMES = ("member_id", "name", "id")
"""Columns of a table that name its spectra, the first that there is."""

COPIED = pa.schema(
    {
        "name": pa.string(),
        **{name: pa.list_(pa.float64()) for name in LISTS},
        LASER: pa.float64(),
        "kind": pa.string(),
        "format": pa.string(),
        "notes": pa.list_(pa.string()),
        "other_technique": pa.string(),
        "error": pa.string(),
        "x": pa.float64(),
        "y": pa.float64(),
        "unit": pa.string(),
    }
)
"""A table that is the copy of another file: its metadata has COPY_OF, the name of that; columns
are the fields of `Found`, and `error`, why there are none."""
_ROWS = 64
COPY_OF = "raman_pipeline.copy_of"
"""No name that another program gives its metadata."""
_OF_COPY = ("kind", "format", "notes", "other_technique", "error")
_REMEDY = (
    "only a file that states x and y of every spectrum gives a map: WDF, a text with columns or "
    "first cells named x and y, in one unit (as WiRE and LabSpec write them), WITec's text of a "
    "scan, or a Parquet table with x and y"
)


class Rows(NamedTuple):
    """Some rows of a Parquet table; `source` is the name of the file that it stands for."""

    table: StorePath
    start: int
    stop: int
    source: str

    @property
    def copied(self) -> bool:
        """Whether the table is the copy of another file, see COPIED."""
        return self.source != str(self.table)


def spectra_table(file: StorePath) -> pq.ParquetFile:
    """Opens a table of spectra.

    Raises:
        InputError: the file is no Parquet, or has no such columns.
    """
    try:
        # Read ahead, a large group of rows would be in memory as a whole.
        table = pq.ParquetFile(local_copy(file), pre_buffer=False, buffer_size=1 << 20)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{file}: cannot be read as Parquet ({error})") from error
    schema = table.schema_arrow
    if lost := [n for n in LISTS if n not in schema.names or not _is_list(schema.field(n).type)]:
        raise InputError(
            f"{file}: has no column {' and '.join(lost)} of lists of numbers; a table of spectra "
            "has one list of cm⁻¹ and one of intensities in every row"
        )
    if LASER in schema.names and not _is_number(schema.field(LASER).type):
        of = schema.field(LASER).type
        raise InputError(f"{file}: column {LASER} is {of}; write the laser in nm as a float")
    return table


def _is_number(type_: pa.DataType) -> bool:
    return pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_null(type_)


def _read(file: StorePath, table: pq.ParquetFile, **chosen: Any) -> Iterator[pa.RecordBatch]:
    """Yields rows of a table, few at a time: its groups may be larger than memory."""
    try:
        yield from table.iter_batches(_ROWS, **chosen)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file}: cannot be read as Parquet ({error}); copy it again") from error


def _is_list(type_: pa.DataType) -> bool:
    lists = pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list
    if not any(is_one(type_) for is_one in lists):
        return False
    return _is_number(type_.value_type)


def spectra_of(rows: Rows, options: ReadOptions) -> Iterator[Source]:
    """Yields the name and the spectrum of some rows, each as a file with one spectrum."""
    table = _opened(rows.table, state_of(rows.table))
    present = table.schema_arrow.names
    named = [n for n in _NAMES if n in present][:1]
    more = [*named, *(n for n in (LASER,) if n in present), *(_OF_COPY if rows.copied else ())]
    first = 0
    for group in range(table.num_row_groups):
        last = first + table.metadata.row_group(group).num_rows
        if rows.start < last and first < rows.stop:
            for batch in _read(rows.table, table, row_groups=[group], columns=[*LISTS, *more]):
                low, high = (
                    min(max(n - first, 0), batch.num_rows) for n in (rows.start, rows.stop)
                )
                read = batch.slice(low, high - low)
                cells = zip(*map(read.column, LISTS), read.select(more).to_pylist(), strict=True)
                for number, (axis, intensity, row) in enumerate(cells, first + low + 1):
                    label = row[named[0]] if named else None
                    name = f"{rows.source}#{number if label is None else label}"
                    yield name, [_spectrum(name, _array(axis), _array(intensity), row, options)]
                first += batch.num_rows
                if first >= rows.stop:
                    return
        first = last


@lru_cache(maxsize=1)
def _opened(file: StorePath, state: str) -> pq.ParquetFile:
    """Opens a table until the next one, or the next state of it: its footer grows with its rows."""
    return spectra_table(file)


def _spectrum(
    name: str, axis: Floats, values: Floats, row: dict[str, Any], options: ReadOptions
) -> Spectrum | SpectrumFileError:
    if row.get("error"):
        return SpectrumFileError(f"{name}: {row['error']}")
    kind, format_ = row.get("kind", "shift"), row.get("format", "Parquet")
    found = Found(axis, values, kind, format_, "", row.get(LASER), list(row.get("notes", ())))
    found.other_technique = row.get("other_technique", "")
    try:
        return as_spectrum(name, found, options)
    except UnreadableError as error:
        return SpectrumFileError(f"{name}: {error}")


def _array(cell: pa.Scalar) -> Floats:
    """Returns the numbers of a list, none of a null; NaN for those that are null."""
    if not cell.is_valid:
        return np.empty(0)
    return cell.values.to_numpy(zero_copy_only=False).astype(np.float64)


def copy_spectra(file: Path, options: ReadOptions, copy: Path, rows: int) -> None:
    """Copies the spectra of a file and their places, unless the copy is of that file already.

    Args:
        file: as `read_spectra` reads it, or a Parquet table with columns x and y.
        options: what the user says of it.
        copy: a table of COPIED.
        rows: of each of its groups, which are read one by one.

    Raises:
        InputError: the file cannot be read, or does not state where each spectrum was measured.
    """
    try:
        made_from = json.dumps([state_of(file), options.as_json(), __version__])
    except FileNotFoundError as error:
        raise InputError(f"{file}: there is no such file; check the name") from error
    if copy.exists() and metadata_of(copy).get("made_from") == made_from:
        return
    schema = COPIED.with_metadata({COPY_OF: str(file), "made_from": made_from})
    with atomic.replacing(copy, "give --map another folder") as temporary:
        with pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            use_dictionary=["raman_shift.list.element"],
            use_byte_stream_split=["intensity.list.element"],
        ) as writer:
            numbered = enumerate(_found(file, options), start=1)
            # A part of the work is a group of rows, and reads nothing else.
            while some := list(islice(numbered, rows)):
                writer.write_table(_rows(file, some, schema))
        # The names of finished parts depend on the time of their source, not on that of its copy.
        changed = file.stat().st_mtime_ns
        os.utime(temporary, ns=(changed, changed))


def _found(file: Path, options: ReadOptions) -> Iterable[Found | UnreadableError]:
    with file.open("rb") as start:
        parquet = start.read(4) == b"PAR1"
    return _of_parquet(file, options) if parquet else find_each(file, options)


def refuse_columns(options: ReadOptions) -> None:
    """Refuses names of columns for a Parquet table.

    Raises:
        InputError: there are some.
    """
    if options.columns:
        raise InputError(
            f"a Parquet table is read by its columns {' and '.join(LISTS)}; leave out --columns"
        )


def _of_parquet(file: Path, options: ReadOptions) -> Iterator[Found]:
    """Yields the rows of a table."""
    refuse_columns(options)
    table = _opened(file, state_of(file))
    schema = table.schema_arrow
    laser = [LASER] if LASER in schema.names else []
    coordinates = names.coordinates(schema.names)
    if coordinates is None:
        raise InputError(f"{file}: has no columns x and y; {_REMEDY}")
    places = [schema.names[i] for i in coordinates[:2]]
    for name in places:
        if not _is_number(of := schema.field(name).type):
            raise InputError(f"{file}: column {name} is {of}; write it as floats")
    for batch in _read(file, table, columns=[*LISTS, *places, *laser]):
        x, y = (batch[name].to_pylist() for name in places)
        nm = batch[LASER].to_pylist() if laser else [None] * len(x)
        lists = (batch[name] for name in LISTS)
        for axis, values, at_x, at_y, wavelength in zip(*lists, x, y, nm, strict=True):
            known = at_x is not None and at_y is not None
            place = Place(float(at_x), float(at_y), coordinates[2]) if known else None
            yield Found(
                _array(axis), _array(values), "shift", "Parquet", "", wavelength, place=place
            )


def _rows(
    file: Path, some: Sequence[tuple[int, Found | UnreadableError]], schema: pa.Schema
) -> pa.Table:
    """Returns rows of the copy."""
    rows = [_row(file, number, one) for number, one in some]
    columns = {
        name: _lists([row[name] for row in rows])
        if name in LISTS
        else pa.array([row.get(name) for row in rows], schema.field(name).type)
        for name in schema.names
    }
    return pa.table(columns, schema)


def _row(file: Path, number: int, one: Found | UnreadableError) -> dict[str, Any]:
    if isinstance(one, UnreadableError):
        nothing = np.empty(0)
        return {
            "name": str(number),
            "raman_shift": nothing,
            "intensity": nothing,
            "error": str(one),
        }
    if one.place is None or not np.isfinite(one.place[:2]).all():
        raise InputError(
            f"{file}: no position of its spectrum {number} is stated for sure; {_REMEDY}"
        )
    return {
        "name": str(number),
        "raman_shift": one.axis,
        "intensity": one.intensity,
        "x": one.place.x,
        "y": one.place.y,
        "unit": one.place.unit,
        "kind": one.kind,
        "format": one.format,
        LASER: one.laser_nm,
        "notes": one.notes,
        "other_technique": one.other_technique,
        "error": one.problem or None,
    }


def _lists(arrays: Sequence[np.ndarray]) -> pa.Array:
    offsets = np.cumsum([0, *(a.size for a in arrays)]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(arrays), pa.float64()))


def metadata_of(file: Path) -> dict[str, str]:
    """Returns the metadata of a Parquet file; empty if it is none."""
    try:
        found = pq.read_schema(file).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return {}
    return {key.decode(): value.decode() for key, value in found.items()}
