"""Parquet files, read by columns or batches and written from a stream.

What belongs here: the Parquet options of this project and content hashes. What does not: paths of
assets (see `orchestration.io_managers`), schemas (see `schema`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raman_pipeline.common import atomic, storage
from raman_pipeline.common.errors import EarlierVersionError
from raman_pipeline.common.schema import RAGGED, TableSchema
from raman_pipeline.common.storage import StorePath

BATCH_ROWS = 512
"""Rows per row group: about 10 MB of spectra."""


class StoredTable:
    """A Parquet file that is read lazily."""

    def __init__(self, path: StorePath) -> None:
        self.path = path

    @cached_property
    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(storage.local_copy(self.path))

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self._file.metadata.num_rows

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema."""
        return self._file.schema_arrow

    def require(self, columns: Iterable[str]) -> Self:
        """Returns the table itself if it has some columns.

        Raises:
            EarlierVersionError: it lacks one.
        """
        if missing := set(columns) - set(self.schema.names):
            raise EarlierVersionError(self.path, f"the columns {', '.join(sorted(missing))}")
        return self

    def read(self) -> pa.Table:
        """Reads the whole table."""
        return self._file.read()

    def select(self, columns: Sequence[str]) -> pa.Table:
        """Reads some columns of all rows."""
        return self._file.read(columns=list(columns))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Reads the row groups one by one, in order."""
        for group in range(self.num_groups):
            yield self.group(group, columns)

    @property
    def num_groups(self) -> int:
        """Number of row groups."""
        return self._file.num_row_groups

    def group(self, number: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Reads one row group."""
        return self._file.read_row_group(number, columns=columns)

    def row(self, index: int) -> dict[str, Any]:
        """Reads one row without its ragged columns."""
        scalar = [field.name for field in self.schema if field.type != RAGGED]
        return self.select(scalar).slice(index, 1).to_pylist()[0]

    def whole_row(self, index: int) -> dict[str, Any]:
        """Reads one row with its ragged columns (float32), from its row group alone.

        Raises:
            IndexError: there is no such row.
        """
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if index < rows:
                batch = self._file.read_row_group(group)
                found = batch.slice(index, 1).to_pylist()[0]
                return {
                    field.name: np.array(found[field.name], dtype=np.float32)
                    if field.type == RAGGED
                    else found[field.name]
                    for field in batch.schema
                }
            index -= rows
        raise IndexError(f"{self.path}: no row {index}")


class StagedTable(StoredTable):
    """A table in a temporary file, before it is moved to its path.

    Attributes:
        version: hash of the content, independent of the batches.
    """

    def __init__(self, file: Path, version: str) -> None:
        super().__init__(file)
        self.file, self.version = file, version

    def move_to(self, file: Path) -> None:
        """Renames the file over another one, which must be on the same disk."""
        self.file.replace(file)
        atomic.release(self.file)
        self.path = self.file = file


def write_table(path: Path, table: pa.Table) -> None:
    """Writes a table; the same table gives the same bytes."""
    with _writer(path, table.schema) as writer:
        writer.write_table(table, row_group_size=BATCH_ROWS)


def stage_table(folder: StorePath, schema: TableSchema, tables: Iterable[pa.Table]) -> StagedTable:
    """Writes a stream of tables into one file, with a few batches in memory.

    Args:
        folder: of the final path.
        schema: of the table; every piece is cast to it.
        tables: the pieces, of any number of rows.

    Raises:
        WriteError: the folder cannot be written.
        ValueError: a ragged column holds a null.
        pyarrow.ArrowInvalid: a piece does not fit the schema.
    """
    digest = VersionDigest(schema.arrow)
    with atomic.naming(folder / f"{schema.name}.parquet"):
        path = atomic.temporary_file(folder)
        try:
            with _writer(path, schema.arrow) as writer, ThreadPoolExecutor(1) as pool:

                def write(piece: pa.Table) -> None:
                    writer.write_table(piece, row_group_size=BATCH_ROWS)
                    digest.update(piece)

                # One piece is compressed and hashed while the next one is made.
                writing = pool.submit(lambda: None)
                for piece in _rechunked(tables, schema.arrow):
                    _refuse_null_arrays(piece, schema)
                    writing.result()
                    writing = pool.submit(write, piece)
                writing.result()
        except BaseException:
            path.unlink(missing_ok=True)
            atomic.release(path)
            raise
    return StagedTable(path, digest.version())


def batches_of(table: pa.Table | StoredTable) -> Iterator[pa.Table]:
    """Yields a table in pieces, from memory or from disk."""
    if isinstance(table, StoredTable):
        yield from table.batches()
    else:
        yield table


class VersionDigest:
    """Incremental hash of a table's content, in batches of BATCH_ROWS rows."""

    def __init__(self, schema: pa.Schema) -> None:
        self._digest = hashlib.blake2b(digest_size=32)
        self._writer = pa.ipc.new_stream(_HashSink(self._digest), schema)

    def update(self, table: pa.Table) -> None:
        """Adds rows."""
        for batch in _zero_below_nulls(table).combine_chunks().to_batches(BATCH_ROWS):
            self._writer.write_batch(batch)

    def version(self) -> str:
        """Returns the hash of all rows."""
        self._writer.close()
        return self._digest.hexdigest()


def _zero_below_nulls(table: pa.Table) -> pa.Table:
    """Returns a table without the values that readers and builders leave where there is a null."""
    for number, (column, type_) in enumerate(zip(table.columns, table.schema.types, strict=True)):
        if column.null_count and _is_number(type_):
            filled = column.fill_null(pa.scalar(0).cast(type_)).to_numpy()
            valid = column.is_valid().to_numpy()
            cleared = pa.array(filled, type_, mask=~valid, from_pandas=False)
            table = table.set_column(number, table.schema.field(number), cleared)
    return table


def _is_number(type_: pa.DataType) -> bool:
    is_one = pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean
    return any(is_it(type_) for is_it in is_one)


def table_version(table: pa.Table) -> str:
    """Returns a hash of a table's content, independent of its chunks."""
    digest = VersionDigest(table.schema)
    digest.update(table)
    return digest.version()


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    ragged = [field.name for field in schema if field.type == RAGGED]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        # Values of spectra rarely repeat, but neighbours share their high bytes.
        use_dictionary=[field.name for field in schema if field.type != RAGGED],
        use_byte_stream_split=[f"{name}.list.element" for name in ragged],
    )


def _rechunked(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yields pieces of BATCH_ROWS rows, so that the bytes do not depend on the pieces given."""
    waiting = schema.empty_table()
    for table in tables:
        waiting = pa.concat_tables([waiting, table.cast(schema)])
        while waiting.num_rows >= BATCH_ROWS:
            yield waiting.slice(0, BATCH_ROWS).combine_chunks()
            waiting = waiting.slice(BATCH_ROWS)
    if waiting.num_rows:
        yield waiting.combine_chunks()


def _refuse_null_arrays(table: pa.Table, schema: TableSchema) -> None:
    for column in schema.columns:
        if column.type == RAGGED and table[column.name].null_count:
            raise ValueError(f"{schema.name}.{column.name}: a spectrum without values")


class _HashSink(io.RawIOBase):
    """A file object that feeds a digest."""

    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return len(data)
