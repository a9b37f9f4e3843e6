"""Metadata of assets: column schemas and figures as Dagster shows them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
from matplotlib.figure import Figure
from PIL import Image

from raman_pipeline.common import atomic
from raman_pipeline.common.hashing import arrays_version as arrays_version
from raman_pipeline.common.parquet import StagedTable, table_version
from raman_pipeline.common.schema import TableSchema
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.orchestration.lineage import column_lineage, derivation
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

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


def store_figure(path: Path, figure: Figure) -> dict[str, dg.MetadataValue]:
    """Stores a figure as PNG; returns it small for the UI, and the path of the full one."""
    with atomic.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
    inline = f"![{path.stem}](data:image/png;base64,{_inline(figure)})"
    return {
        path.stem: dg.MetadataValue.md(inline),
        f"{path.stem}_file": dg.MetadataValue.path(path),
    }


def _inline(figure: Figure) -> str:
    """Returns a PNG of at most some 30 KB in base64: the UI stores it in every event."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_INLINE_WIDTH / figure.get_size_inches()[0])
    small = io.BytesIO()
    Image.open(buffer).convert("RGB").quantize(32).save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


# ---- old form, until all asset modules use the kit ----

OWNERS = ["team:raman-pipeline"]
TABLE = dg.PythonObjectDagsterType((pa.Table, StagedTable), name="Table")
TENSOR = dg.PythonObjectDagsterType(SpectrumTensor, name="SpectrumTensor")
MODEL = dg.PythonObjectDagsterType(ModelState, name="ModelState")
SCHEMA_CHECK = "schema"


def schema_check(asset: str) -> dg.AssetCheckSpec:
    """Returns the blocking check that every table has."""
    return dg.AssetCheckSpec(
        SCHEMA_CHECK,
        asset=asset,
        blocking=True,
        description="Columns, types, nulls, ranges and uniqueness are as the schema says.",
    )


def blocking_check(asset: str, name: str, description: str) -> dg.AssetCheckSpec:
    """Returns a blocking check for one promise."""
    return dg.AssetCheckSpec(name, asset=asset, blocking=True, description=description)


def warning_check(asset: str, name: str, description: str) -> dg.AssetCheckSpec:
    """Returns a check that warns: what is less good than hoped for is still right."""
    return dg.AssetCheckSpec(name, asset=asset, blocking=False, description=description)


def check_result(
    asset: str,
    name: str,
    passed: bool,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    **metadata: Any,
) -> dg.AssetCheckResult:
    """Returns the outcome of a check with the facts behind it."""
    return dg.AssetCheckResult(
        passed=passed,
        asset_key=asset,
        check_name=name,
        severity=severity,
        metadata=metadata,
    )


def table_result(
    asset: str,
    table: pa.Table | StagedTable,
    schema: TableSchema,
    settings: Mapping[str, object],
    checks: list[dg.AssetCheckResult] | None = None,
    **metadata: Any,
) -> dg.MaterializeResult:
    """Returns the materialisation of a table: value, version, schema, counts, checks."""
    problems = schema.problems(table)
    version = table.version if isinstance(table, StagedTable) else table_version(table)
    return dg.MaterializeResult(
        asset_key=asset,
        value=table,
        data_version=dg.DataVersion(version),
        metadata={
            "dagster/row_count": table.num_rows,
            "dagster/column_schema": old_column_schema(asset, schema),
            **column_lineage(asset),
            "settings": dict(settings),
            **metadata,
        },
        check_results=[
            check_result(asset, SCHEMA_CHECK, not problems, problems=problems),
            *(checks or []),
        ],
    )


def old_column_schema(asset: str, schema: TableSchema) -> dg.TableSchema:
    """Returns Dagster's view of an asset's schema, with what each column comes from."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                type=str(column.type),
                description=column.description + derivation(asset, column.name),
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=column.unique
                ),
            )
            for column in schema.columns
        ]
    )


def figure_metadata(
    settings: Settings, asset: str, **figures: Figure
) -> dict[str, dg.MetadataValue]:
    """Stores figures as PNG; returns them small for the UI, with the path of the full ones."""
    metadata: dict[str, dg.MetadataValue] = {}
    for name, figure in figures.items():
        path = settings.figure_store / asset / f"{name}.png"
        with atomic.replacing(path) as temporary:
            figure.savefig(temporary, format="png", dpi=150)
        metadata[name] = dg.MetadataValue.md(f"![{name}](data:image/png;base64,{_inline(figure)})")
        metadata[f"{name}_file"] = dg.MetadataValue.path(path)
    return metadata
