"""Types and metadata of assets as Dagster shows them."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pyarrow as pa
from PIL import Image

from raman_pipeline.common import atomic
from raman_pipeline.common.parquet import StagedTable
from raman_pipeline.common.schema import TableSchema
from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.spectra.tensor_file import SpectrumTensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE = dg.PythonObjectDagsterType((pa.Table, StagedTable), name="Table")
TENSOR = dg.PythonObjectDagsterType(SpectrumTensor, name="SpectrumTensor")
MODEL = dg.PythonObjectDagsterType(ModelState, name="ModelState")
USES = "settings_used"
"""Key of the names of the settings that an asset depends on."""
SETTINGS = "settings"
COLUMN_SCHEMA = "dagster/column_schema"
COLUMN_LINEAGE = "dagster/column_lineage"
COPIED = (SETTINGS, COLUMN_SCHEMA, COLUMN_LINEAGE)
"""Keys that the IO managers copy from the definition of an asset to each materialisation."""

_INLINE_WIDTH = 640


def column_schema(schema: TableSchema) -> dg.TableSchema:
    """Returns Dagster's form of a table's schema."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                type=str(column.type),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=column.unique
                ),
            )
            for column in schema.columns
        ]
    )


def store_figure(path: StorePath, figure: Figure) -> dict[str, dg.MetadataValue]:
    """Stores a figure as PNG; returns it small for the UI, and the path of the full one."""
    with atomic.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
        inline = f"![{path.stem}](data:image/png;base64,{_inline(temporary)})"
    return {
        path.stem: dg.MetadataValue.md(inline),
        f"{path.stem}_file": dg.MetadataValue.path(str(path)),
    }


def _inline(path: Path) -> str:
    """Returns a small PNG, some 40 KB, in base64: the UI stores it in every event."""
    image, small = Image.open(path).convert("RGB"), io.BytesIO()
    image.thumbnail((_INLINE_WIDTH, image.height))
    image.quantize(32).save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()
