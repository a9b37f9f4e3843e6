"""Table schemas: one description for storage, checks and the UI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    import pandera.pandas as pandera

RAGGED = pa.list_(pa.float32())


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, description and constraints."""

    name: str
    type: pa.DataType
    description: str
    nullable: bool = False
    unique: bool = False
    isin: tuple[Any, ...] | None = None
    between: tuple[float, float] | None = None

    def _checks(self) -> list[pandera.Check]:
        import pandera.pandas as pandera

        checks = []
        if self.isin is not None:
            checks.append(pandera.Check.isin(self.isin))
        if self.between is not None:
            checks.append(pandera.Check.in_range(*self.between))
        return checks

    def to_pandera(self) -> pandera.Column:
        """Returns the column for pandera; dtypes are checked by Arrow."""
        import pandera.pandas as pandera

        return pandera.Column(
            checks=self._checks(),
            nullable=self.nullable,
            unique=self.unique,
            description=self.description,
        )


class ColumnSource(Protocol):
    """A table in memory or on disk."""

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema."""
        ...

    def select(self, columns: Sequence[str]) -> pa.Table:
        """Returns some columns."""
        ...


@dataclass(frozen=True)
class TableSchema:
    """A table: its columns in order, and a group of columns that is unique together."""

    name: str
    columns: tuple[Column, ...]
    unique_together: tuple[str, ...] = field(default=())

    @cached_property
    def arrow(self) -> pa.Schema:
        """Arrow schema with the descriptions as field metadata."""
        return pa.schema(
            [
                pa.field(c.name, c.type, metadata={"description": c.description})
                for c in self.columns
            ]
        )

    @cached_property
    def _pandera(self) -> pandera.DataFrameSchema:
        import pandera.pandas as pandera

        return pandera.DataFrameSchema(
            {c.name: c.to_pandera() for c in self.columns if not pa.types.is_nested(c.type)},
            strict=True,
            ordered=True,
            unique=list(self.unique_together) or None,
        )

    def from_rows(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Builds a table from mappings; a missing key is a null.

        Raises:
            KeyError: a key is not a column.
        """
        rows = list(rows)
        names = {c.name for c in self.columns}
        for row in rows:
            if extra := row.keys() - names:
                raise KeyError(f"{self.name} has no column {sorted(extra)}")
        return pa.table(
            [self._array([row.get(c.name) for row in rows], c.type) for c in self.columns],
            schema=self.arrow,
        )

    def from_frame(self, frame: pd.DataFrame) -> pa.Table:
        """Builds a table from a frame with at least these columns."""
        return pa.Table.from_pandas(frame, schema=self.arrow, preserve_index=False)

    @staticmethod
    def _array(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
        if type_ != RAGGED:
            return pa.array(values, type=type_)
        offsets = np.zeros(len(values) + 1, dtype=np.int32)
        np.cumsum([len(v) for v in values], out=offsets[1:])
        flat = np.concatenate(values) if values else np.empty(0)
        return pa.ListArray.from_arrays(offsets, pa.array(flat.astype(np.float32, copy=False)))

    def problems(self, table: ColumnSource) -> list[str]:
        """Returns the violations of the schema, one line each; empty if the table is valid.

        Of lists and structs only the type is checked.
        """
        import pandera.pandas as pandera

        wrong = [
            f"{expected.name}: expected {expected.type}, found {found.type}"
            for expected, found in zip(self.arrow, table.schema, strict=False)
            if expected.name == found.name and expected.type != found.type
        ]
        nested = {c.name for c in self.columns if pa.types.is_nested(c.type)}
        scalar = [name for name in table.schema.names if name not in nested]
        if missing := nested - set(table.schema.names):
            wrong.append(f"missing: {', '.join(sorted(missing))}")
        try:
            self._pandera.validate(table.select(scalar).to_pandas(), lazy=True)
        except pandera.errors.SchemaErrors as errors:
            cases = errors.failure_cases
            for (column, check), group in cases.groupby(["column", "check"], dropna=False):
                example = group["failure_case"].iloc[0]
                wrong.append(f"{column}: {check} fails {len(group)} times, first {example!r}")
        return wrong
