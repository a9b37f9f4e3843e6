"""Stage 5: the fold of every spectrum, under every split."""

from collections import Counter

import dagster as dg
import pyarrow as pa

from raman_pipeline.learning.splits import (
    FOLDS,
    assign_folds,
    groups_on_both_sides,
    seen_specimen_share,
)
from raman_pipeline.learning.study import select_study
from raman_pipeline.orchestration.automation import FOLLOW
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    check_result,
    promise_check,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.partitions import N_FOLDS, SPLIT
from raman_pipeline.settings import Settings
from raman_pipeline.table_file import StoredTable

_COLUMNS = ["member_id", "rruff_id", "mineral", "kind", "locality"]


@dg.asset(
    ins={"spectra": ON_DISK},
    partitions_def=SPLIT,
    dagster_type=TABLE,
    group_name="folds",
    kinds={"parquet", "scikitlearn"},
    owners=OWNERS,
    code_version="1",
    automation_condition=FOLLOW,
    metadata={"settings_used": ["folds"]},
    check_specs=[
        schema_check("fold_assignment"),
        promise_check(
            "fold_assignment",
            "nothing_lost",
            "Every spectrum has a fold or a reason why it is left out.",
        ),
        promise_check(
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
    located_samples: pa.Table,
) -> dg.MaterializeResult:
    """The test fold of every spectrum, and why the others are left out.

    `random` is the papers' split, stratified by country; `specimen`, `locality` and
    `species` keep those together as well.
    """
    split = context.partition_key
    study = select_study(
        spectra.select(_COLUMNS).to_pandas(),
        located_samples.to_pandas(),
        settings.folds.kinds,
        settings.folds.min_per_country,
    )
    table = assign_folds(study, split, N_FOLDS, settings.folds.seed)
    folds = table.to_pandas()
    shared = groups_on_both_sides(folds, split)
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
                groups_on_both_sides=shared,
            ),
        ],
        assigned=int(folds["fold"].notna().sum()),
        excluded=sum(excluded.values()),
        excluded_by_reason=excluded,
        countries=int(folds.loc[folds["fold"].notna(), "country"].nunique()),
        fold_sizes={str(k): int(v) for k, v in sorted(Counter(folds["fold"].dropna()).items())},
        seen_specimen_share=seen_specimen_share(folds),
    )
