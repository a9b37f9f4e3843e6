"""Provenance of results: the settings and inputs that a stored table was made from.

Dagster knows whether a partition is stale; a report that reads all partitions that exist
leaves out those whose provenance is not the present one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import table_version
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import Predictions, with_all_baselines
from raman_pipeline.orchestration.partitions import FOLD_SPLIT, partition_values
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_KEY = "provenance"


def provenance(settings: Settings, uses: Iterable[str], *inputs: pa.Table | SpectrumTensor) -> str:
    """Returns a hash of some parts of the settings, joined with the versions of inputs."""
    versions = [i.version if isinstance(i, SpectrumTensor) else table_version(i) for i in inputs]
    return "-".join([settings.version_of(uses), *versions])


def with_provenance(table: pa.Table, version: str) -> pa.Table:
    """Returns a table that carries its provenance."""
    return table.replace_schema_metadata({_KEY: version})


def provenance_of(table: pa.Table) -> str:
    """Returns the provenance that a table carries; empty where it has none."""
    return (table.schema.metadata or {}).get(_KEY.encode(), b"").decode()


def current_rows(
    tables: Mapping[str, pa.Table], version: str, columns: Callable[[str], dict[str, object]]
) -> pd.DataFrame:
    """Returns the rows of all partitions of one provenance.

    Args:
        tables: partition key to table.
        version: the present provenance.
        columns: returns the columns to add for a partition key.
    """
    parts = [
        table.to_pandas().assign(**columns(key))
        for key, table in sorted(tables.items())
        if provenance_of(table) == version
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def prediction_uses(family: str) -> list[str]:
    """Returns the parts of the settings that the predictions of a family depend on."""
    return ["folds", "grid", *FAMILIES[family].uses]


def current_predictions(
    settings: Settings,
    labelled_spectra: Mapping[str, pa.Table],
    family_predictions: Mapping[str, Mapping[str, pa.Table]],
) -> tuple[Predictions, int]:
    """Returns the predictions of the present provenance, and how many others there are.

    A fold counts when every baseline has it.

    Args:
        settings: the present ones.
        labelled_spectra: split to LABELLED table.
        family_predictions: `<family>_predictions` to fold|split to PREDICTIONS table.
    """
    current: dict[tuple[str, str, int], pd.DataFrame] = {}
    found = 0
    for name in FAMILIES:
        expected = {
            split: provenance(settings, prediction_uses(name), table)
            for split, table in labelled_spectra.items()
        }
        for key, table in family_predictions[f"{name}_predictions"].items():
            found += 1
            at = partition_values(FOLD_SPLIT, key)
            if provenance_of(table) == expected.get(at["split"]):
                current[name, at["split"], at["fold"]] = table.to_pandas()
    compared = with_all_baselines(current)
    return compared, found - len(compared)
