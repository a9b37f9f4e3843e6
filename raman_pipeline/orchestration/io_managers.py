"""IO managers: the files of assets, written atomically.

The formats are those of `common.parquet`, `spectra.tensor_file` and
`learning.data.model_state`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
from upath import UPath

from raman_pipeline.common import atomic
from raman_pipeline.common.parquet import StagedTable, StoredTable, write_table
from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.orchestration.metadata import COLUMN_SCHEMA, COPIED
from raman_pipeline.spectra.tensor_file import SpectrumTensor, open_tensor, write_tensor

_ON_DISK_KEY = "on_disk"
ON_DISK = dg.AssetIn(metadata={_ON_DISK_KEY: True})
"""An input of which an asset reads only some columns, or a batch at a time."""


class _AtomicIOManager(dg.UPathIOManager):
    """Writes atomically; records size, address, settings, column schema and lineage."""

    def make_directory(self, path: UPath) -> None:
        """Leaves that to who writes: a bucket has no folders."""

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: UPath) -> None:
        with atomic.replacing(path) as temporary:
            self.write(temporary, obj)
            size = temporary.stat().st_size
        defined = context.definition_metadata or {}
        context.add_output_metadata(
            {
                "bytes": size,
                "dagster/uri": path.as_uri(),
                **{key: defined[key] for key in COPIED if key in defined},
            }
        )

    def load_from_path(self, context: dg.InputContext, path: UPath) -> Any:
        return self.read(path)

    def write(self, path: Path, obj: Any) -> None:
        raise TypeError(f"{type(self).__name__} has no format")

    def read(self, path: StorePath) -> Any:
        raise TypeError(f"{type(self).__name__} has no format")


class TableIOManager(_AtomicIOManager):
    """Arrow tables as parquet; inputs marked ON_DISK stay there."""

    extension = ".parquet"

    def write(self, path: Path, obj: pa.Table | StagedTable) -> None:
        """Writes a table, or moves one that was written as a stream."""
        if isinstance(obj, StagedTable):
            obj.move_to(path)
        else:
            write_table(path, obj)

    def load_from_path(self, context: dg.InputContext, path: UPath) -> pa.Table | StoredTable:
        """Reads a table, or only opens it.

        Raises:
            EarlierVersionError: it lacks a column of its schema. An asset that reads all
                partitions that exist leaves such a table out by its provenance.
        """
        wanted, table = context.definition_metadata or {}, StoredTable(path)
        made_by = (context.upstream_output and context.upstream_output.definition_metadata) or {}
        if COLUMN_SCHEMA in made_by and not wanted.get("allow_missing_partitions"):
            table.require(column.name for column in made_by[COLUMN_SCHEMA].columns)
        return table if wanted.get(_ON_DISK_KEY) else table.read()


class TensorIOManager(_AtomicIOManager):
    """Spectrum tensors as safetensors, opened memory-mapped."""

    extension = ".safetensors"

    def write(self, path: Path, obj: SpectrumTensor) -> None:
        """Writes a tensor."""
        write_tensor(path, obj)

    def read(self, path: StorePath) -> SpectrumTensor:
        """Opens a tensor without reading its intensities."""
        return open_tensor(path)


class ModelIOManager(_AtomicIOManager):
    """Fitted models as safetensors; removes the checkpoints of a model that is stored."""

    extension = ".safetensors"

    def __init__(self, base: UPath, checkpoint_store: StorePath) -> None:
        super().__init__(base)
        self.asset_store, self.checkpoint_store = base, checkpoint_store

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: UPath) -> None:
        """Stores a state and removes its checkpoints."""
        super().dump_to_path(context, obj, path)
        checkpoint = self.checkpoint_store / str(path.relative_to(self.asset_store))
        for file in checkpoint.parent.glob(f"{checkpoint.stem}.*pt"):
            file.unlink(missing_ok=True)

    def write(self, path: Path, obj: ModelState) -> None:
        """Writes a state."""
        obj.write(path)

    def read(self, path: StorePath) -> ModelState:
        """Reads a state."""
        return ModelState.read(path)


def io_managers(asset_store: StorePath, checkpoint_store: StorePath) -> dict[str, dg.IOManager]:
    """Returns the IO managers of a store, by resource key."""
    base = UPath(asset_store)
    return {
        "io_manager": TableIOManager(base),
        "tensor_io_manager": TensorIOManager(base),
        "model_io_manager": ModelIOManager(base, checkpoint_store),
    }
