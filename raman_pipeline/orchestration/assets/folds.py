"""Stage 5: the fold of every spectrum under every split, what leaks, what else is known."""

from collections import Counter
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.data.covariates import COVARIATES, spectrum_covariates
from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.data.leakage import LEAKAGE, measure_leakage, shares
from raman_pipeline.learning.data.selection import select_spectra
from raman_pipeline.learning.data.splits import (
    FOLDS,
    assign_folds,
    groups_in_several_folds,
    seen_specimen_share,
)
from raman_pipeline.orchestration.automation import EAGER_ON_DATA_CHANGE
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    blocking_check,
    check_result,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.partitions import N_FOLDS, SPLIT
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_COMMON: dict[str, Any] = {
    "dagster_type": TABLE,
    "group_name": "folds",
    "owners": OWNERS,
    "code_version": "1",
    "automation_condition": EAGER_ON_DATA_CHANGE,
}
_COLUMNS = ["member_id", "rruff_id", "mineral", "kind", "locality"]
_FACT_COLUMNS = [
    *("member_id", "rruff_id", "measurement_key", "wavelength_nm"),
    *("ideal_chemistry", "measured_chemistry"),
]


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK},
    partitions_def=SPLIT,
    kinds={"parquet", "scikitlearn"},
    metadata={"settings_used": ["folds"]},
    check_specs=[
        schema_check("fold_assignment"),
        blocking_check(
            "fold_assignment",
            "nothing_lost",
            "Every spectrum has a fold or a reason why it is left out.",
        ),
        blocking_check(
            "fold_assignment",
            "no_group_on_both_sides",
            "Nothing that the split keeps together stands in two folds.",
        ),
    ],
)
def fold_assignment(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    located_specimens: pa.Table,
) -> dg.MaterializeResult:
    """The test fold of every spectrum, and why the others are left out.

    `random` is the papers' split, stratified by country; `specimen`, `locality` and
    `species` keep those together as well.
    """
    split = context.partition_key
    selection = select_spectra(
        spectra.select(_COLUMNS).to_pandas(),
        located_specimens.to_pandas(),
        settings.folds.kinds,
        settings.folds.min_per_country,
    )
    table = assign_folds(selection, split, N_FOLDS, settings.folds.seed)
    folds = table.to_pandas()
    shared = groups_in_several_folds(folds, split)
    has_one = folds["fold"].notna() != folds["excluded"].notna()
    excluded = dict(Counter(folds["excluded"].dropna()))
    return table_result(
        "fold_assignment",
        table,
        FOLDS,
        settings.part(["folds"]),
        [
            check_result(
                "fold_assignment",
                "nothing_lost",
                bool(has_one.all()) and len(folds) == spectra.num_rows,
                spectra=spectra.num_rows,
                assigned=int(folds["fold"].notna().sum()),
                left_out=int(folds["excluded"].notna().sum()),
            ),
            check_result(
                "fold_assignment",
                "no_group_on_both_sides",
                not any(shared.values()),
                groups_in_several_folds=shared,
            ),
        ],
        assigned=int(folds["fold"].notna().sum()),
        excluded=sum(excluded.values()),
        excluded_by_reason=excluded,
        countries=int(folds.loc[folds["fold"].notna(), "country"].nunique()),
        fold_sizes={str(k): int(v) for k, v in sorted(Counter(folds["fold"].dropna()).items())},
        seen_specimen_share=seen_specimen_share(folds),
    )


@dg.asset(
    **_COMMON,
    name="spectrum_covariates",
    ins={"spectra": ON_DISK},
    kinds={"parquet"},
    check_specs=[
        schema_check("spectrum_covariates"),
        blocking_check(
            "spectrum_covariates", "nothing_lost", "One row for each spectrum, in order."
        ),
    ],
)
def spectrum_covariates_asset(
    spectra: StoredTable, located_specimens: pa.Table
) -> dg.MaterializeResult:
    """What is known of each spectrum besides its intensities: laser, chemistry, position."""
    frame = spectra.select(_FACT_COLUMNS).to_pandas()
    table = spectrum_covariates(frame, located_specimens.to_pandas())
    stated = {
        kind: int((np.stack(table[f"{kind}_composition"].to_pylist()).sum(axis=1) > 0).sum())
        for kind in ("ideal", "measured")
    }
    return table_result(
        "spectrum_covariates",
        table,
        COVARIATES,
        {},
        [
            check_result(
                "spectrum_covariates",
                "nothing_lost",
                table["member_id"].to_pylist() == frame["member_id"].tolist(),
                spectra=len(frame),
            )
        ],
        ideal_chemistry=stated["ideal"],
        measured_chemistry=stated["measured"],
        positions=len(table) - table["latitude"].null_count,
    )


@dg.asset(
    **(_COMMON | {"code_version": "2"}),
    partitions_def=SPLIT,
    kinds={"parquet"},
    check_specs=[
        schema_check("split_leakage"),
        blocking_check(
            "split_leakage",
            "as_promised",
            "Under every split but `random` no specimen stands on both sides.",
        ),
    ],
)
def split_leakage(
    context: dg.AssetExecutionContext,
    fold_assignment: pa.Table,
    resampled_spectra: SpectrumTensor,
    spectrum_covariates: pa.Table,
) -> dg.MaterializeResult:
    """What training knows of each test spectrum: its specimen, its twin, a near-duplicate."""
    split = context.partition_key
    folds, covariates = fold_assignment.to_pandas(), spectrum_covariates.to_pandas()
    parts = []
    for fold in range(N_FOLDS):
        train, test = fold_train_test(folds, resampled_spectra, fold, covariates)
        parts.append(measure_leakage(train, test, fold))
    frame = pd.concat(parts, ignore_index=True)
    found = shares(frame)
    return table_result(
        "split_leakage",
        LEAKAGE.from_frame(frame),
        LEAKAGE,
        {},
        [
            check_result(
                "split_leakage",
                "as_promised",
                split == "random" or found["same_specimen"] == 0,
                same_specimen=found["same_specimen"],
            )
        ],
        split=split,
        **{f"{name}_share": value for name, value in found.items()},
    )
