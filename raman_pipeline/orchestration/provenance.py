"""What a prediction depends on, and which predictions stand under the present protocol.

What belongs here: versions of protocols, and the selection by them. What does not:
protocols in words (see `assets.geolocation_report`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import table_version
from raman_pipeline.learning.geolocation.registry import FAMILIES, Family
from raman_pipeline.learning.geolocation.report import Predictions, with_all_baselines
from raman_pipeline.orchestration.metadata import arrays_version
from raman_pipeline.orchestration.partitions import fold_and_split, preset_and_seed
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

PROTOCOL_KEY = "protocol"
"""Key of the version in the metadata of a table of predictions."""


def protocol_version(settings: Settings, family: Family, folds: pa.Table) -> str:
    """Returns a hash of all that a prediction depends on: folds, grid, the family's settings."""
    return f"{settings.version_of(['folds', 'grid', *family.uses])}-{table_version(folds)}"


def current_predictions(
    settings: Settings,
    fold_assignment: Mapping[str, pa.Table],
    family_predictions: Mapping[str, Mapping[str, pa.Table]],
) -> tuple[Predictions, int]:
    """Returns the predictions made under the present protocol, and how many others there are.

    A fold counts when every baseline has it.

    Args:
        settings: the present ones.
        fold_assignment: split to FOLDS table.
        family_predictions: `<family>_predictions` to fold|split to PREDICTIONS table.
    """
    current: dict[tuple[str, str, int], pd.DataFrame] = {}
    found = 0
    for name, family in FAMILIES.items():
        expected = {
            split: protocol_version(settings, family, folds)
            for split, folds in fold_assignment.items()
        }
        for key, table in family_predictions[f"{name}_predictions"].items():
            found += 1
            fold, split = fold_and_split(key)
            if stamp_of(table) == expected.get(split):
                current[name, split, fold] = table.to_pandas()
    compared = with_all_baselines(current)
    return compared, found - len(compared)


def stamped(table: pa.Table, settings: Settings, spectra: SpectrumTensor) -> pa.Table:
    """Returns a table of clustering or denoising with the version of what it depends on."""
    return stamped_with(table, clustering_version(settings, spectra))


def stamped_with(table: pa.Table, version: str) -> pa.Table:
    """Returns a table with the version of what it depends on."""
    return table.replace_schema_metadata({PROTOCOL_KEY: version})


def stamp_of(table: pa.Table) -> str:
    """Returns the version that a table was stamped with; empty where it was not."""
    return (table.schema.metadata or {}).get(PROTOCOL_KEY.encode(), b"").decode()


def clustering_version(settings: Settings, spectra: SpectrumTensor) -> str:
    """Returns a hash of what clusterings depend on: settings and spectra."""
    used = settings.version_of(["fine_grid", "denoising", "clustering"])
    bytes_of = arrays_version({"intensity": spectra.intensity}, "\n".join(spectra.member_ids))
    return f"{used}-{bytes_of}"


def current_runs(
    settings: Settings, spectra: SpectrumTensor, tables: Mapping[str, pa.Table]
) -> pd.DataFrame:
    """Returns the rows made under the present settings and spectra, with preset and seed.

    Args:
        settings: the present ones.
        spectra: the present ones.
        tables: preset|seed to a stamped table.
    """
    expected = clustering_version(settings, spectra)
    parts = []
    for key, table in sorted(tables.items()):
        if stamp_of(table) == expected:
            preset, seed = preset_and_seed(key)
            parts.append(table.to_pandas().assign(preset=preset, seed=seed))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
