"""What a prediction depends on, and which predictions stand under the present protocol.

What belongs here: versions of protocols, and the selection by them. What does not:
protocols in words (see `assets.geolocation_report`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from raman_pipeline.learning.families import FAMILIES, Family
from raman_pipeline.learning.report import Predictions, with_all_baselines
from raman_pipeline.orchestration.partitions import fold_and_split
from raman_pipeline.settings import Settings
from raman_pipeline.table_file import table_version

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
            protocol = (table.schema.metadata or {}).get(PROTOCOL_KEY.encode(), b"").decode()
            if protocol == expected.get(split):
                current[name, split, fold] = table.to_pandas()
    compared = with_all_baselines(current)
    return compared, found - len(compared)
