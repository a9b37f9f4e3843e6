"""Resampling of a stored table of spectra, in shards where they are many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.shards import Ledger
from raman_pipeline.common.storage import StorePath, state_of
from raman_pipeline.spectra.resample import Interpolation, Ragged, ResampledSet, resample_set

PART_GROUPS = 32
"""Row groups of a shard: 16,384 spectra, some seconds of work."""


class _Part(NamedTuple):
    """Some row groups of a table of spectra, and what to do with them."""

    table: StorePath
    first: int
    last: int
    grid: npt.NDArray[np.float64]
    interpolation: Interpolation


def resample_table(
    table: StoredTable,
    grid: npt.NDArray[np.float64],
    interpolation: Interpolation,
    ledger: Ledger,
) -> ResampledSet:
    """Resamples and then normalises the spectra of a table; in parallel where they are many.

    Args:
        table: with the columns `raman_shift` and `intensity`.
        grid: see `resample_set`.
        interpolation: see `resample_set`.
        ledger: for more than PART_GROUPS row groups.
    """
    count, groups = table.num_rows, table.num_groups
    if groups <= PART_GROUPS:
        return resample_set(_of_groups(table, 0, groups), count, grid, interpolation)
    made_from = f"{state_of(table.path)} {interpolation}".encode() + grid.tobytes()
    name = hashlib.sha256(made_from).hexdigest()[:16]
    parts = {
        f"{name}-{first:06d}": _Part(
            table.path, first, min(first + PART_GROUPS, groups), grid, interpolation
        )
        for first in range(0, groups, PART_GROUPS)
    }
    whole = ResampledSet(
        np.zeros((count, grid.size), dtype=np.float32), np.zeros(count), np.zeros(count), count
    )
    row = 0
    for shard in ledger.tables(resample_part, parts):
        rows = slice(row, row + shard.num_rows)
        values = shard["intensity"].combine_chunks().flatten().to_numpy()
        whole.intensity[rows] = values.reshape(-1, grid.size)
        whole.peak_loss[rows] = shard["peak_loss"].to_numpy()
        whole.overshoot[rows] = shard["overshoot"].to_numpy()
        row = rows.stop
    return replace(whole, rows=row)


def resample_part(part: _Part) -> pa.Table:
    """Returns a ResampledSet of some row groups as a table."""
    batches = list(_of_groups(StoredTable(part.table), part.first, part.last))
    done = resample_set(batches, sum(map(len, batches)), part.grid, part.interpolation)
    intensity = pa.FixedSizeListArray.from_arrays(done.intensity.ravel(), part.grid.size)
    columns = {"intensity": intensity, "peak_loss": done.peak_loss, "overshoot": done.overshoot}
    return pa.table(columns)


def _of_groups(table: StoredTable, first: int, last: int) -> Iterator[Ragged]:
    for group in range(first, last):
        yield Ragged.from_columns(*table.group(group, ["raman_shift", "intensity"]).columns)
