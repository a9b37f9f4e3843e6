"""The fold of every spectrum under every split, leakage between folds, and covariates."""

from functools import partial
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.data.covariates import COVARIATES, spectrum_covariates
from raman_pipeline.learning.data.fold_export import folds_of_export
from raman_pipeline.learning.data.labelled import LABELLED, labelled_spectra
from raman_pipeline.learning.data.leakage import LEAKAGE, leakage_shares, measure_leakage
from raman_pipeline.learning.data.selection import select_spectra
from raman_pipeline.learning.data.splits import (
    DEALT_FOLDS,
    FOLDS,
    LEAK_SPECIMENS,
    Split,
    deal_folds,
    folds_version,
    seen_specimen_share,
    tied_values,
)
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.asset_paths import asset_path
from raman_pipeline.orchestration.partitions import N_FOLDS, SPLIT
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_COLUMNS = ["member_id", "measurement_key", "rruff_id", "mineral", "kind"]
_COVARIATE_COLUMNS = [
    *("member_id", "rruff_id", "wavelength_nm"),
    *("ideal_chemistry", "measured_chemistry"),
]
_MAX_TIED = 0.01
_table = partial(kit.table_asset)


def _fold_tables(
    fold_assignment: pa.Table, resampled_spectra: SpectrumTensor, spectrum_covariates: pa.Table
) -> tuple[pd.DataFrame, SpectrumTensor, pd.DataFrame]:
    return fold_assignment.to_pandas(), resampled_spectra, spectrum_covariates.to_pandas()


FoldTables = Annotated[tuple[pd.DataFrame, SpectrumTensor, pd.DataFrame], _fold_tables]
"""Folds, spectra and covariates, as families and experiments take them."""


def _selection(
    settings: Settings, spectra: StoredTable, located_specimens: pa.Table
) -> pd.DataFrame:
    frame, specimens = spectra.select(_COLUMNS).to_pandas(), located_specimens.to_pandas()
    return select_spectra(frame, specimens, settings.folds.kinds, settings.folds.min_per_country)


Selection = Annotated[pd.DataFrame, _selection]
"""Every spectrum with its label or the reason for its exclusion."""


@_table(
    DEALT_FOLDS,
    group_name="folds",
    partitions_def=SPLIT,
    code_version="2",
    uses=["folds"],
)
def dealt_folds(split: Split, settings: Settings, selection: Selection) -> kit.Result:
    """The folds that were ever dealt: what has one keeps it when RRUFF changes.

    The only asset that reads what it was before; it adds what is new. It starts from the file of
    RAMAN_PIPELINE_FOLDS where that is set.
    """
    path = asset_path(settings.asset_store, "dealt_folds", split)
    former = [StoredTable(path).read()] if path.exists() else []
    published = DEALT_FOLDS.arrow.empty_table()
    if settings.folds.file:
        try:
            published = folds_of_export(settings.folds.file, split, settings.folds.seed)
        except InputError as error:
            raise kit.failure(str(error)) from error
    # Published folds go first, also where the store has dealt others.
    _, ledger = deal_folds(selection, split, N_FOLDS, settings.folds.seed, [published, *former])
    return kit.Result(ledger, {"values_of_file": published.num_rows})


@_table(
    FOLDS,
    group_name="folds",
    partitions_def=SPLIT,
    code_version="3",
    uses=["folds"],
    checks={
        "rows_conserved": "Every spectrum has a fold or a reason for its exclusion.",
    },
    warnings={
        "folds_tied": "At most 1% of the values that the split keeps together are in two folds."
    },
)
def fold_assignment(
    split: Split,
    settings: Settings,
    spectra: StoredTable,
    selection: Selection,
    dealt_folds: pa.Table,
) -> kit.Result:
    """The test fold of every spectrum, and why the others are excluded.

    `random` is the papers' split, stratified by country; `measurement` keeps RAW and Processed
    of one scan together, `specimen`, `locality` and `species` what their name says.
    """
    table = deal_folds(selection, split, N_FOLDS, settings.folds.seed, [dealt_folds])[0]
    folds = table.to_pandas()
    tied = tied_values(folds, split)
    assigned = folds["fold"].notna()
    counts = kit.present(folds, assigned="fold", excluded="excluded")
    return kit.Result(
        table,
        {
            **counts,
            **kit.counts(folds, excluded_by_reason="excluded", fold_sizes="fold"),
            "fold_version": folds_version(table, dealt_folds),
            "countries": int(folds.loc[assigned, "country"].nunique()),
            "seen_specimen_share": seen_specimen_share(folds),
        },
        checks={
            "rows_conserved": kit.Check(
                (assigned != folds["excluded"].notna()).all() and len(folds) == spectra.num_rows,
                spectra=spectra.num_rows,
                **counts,
            ),
            "folds_tied": kit.Check(
                sum(tied.values()) <= _MAX_TIED * folds["group"].nunique(), tied_values=tied
            ),
        },
    )


@_table(
    COVARIATES,
    name="spectrum_covariates",
    group_name="features",
    code_version="2",
    checks={"rows_conserved": "One row per spectrum, in order."},
)
def spectrum_covariates_asset(spectra: StoredTable, located_specimens: pa.Table) -> kit.Result:
    """What is known of each spectrum besides its intensities: laser, chemistry, position."""
    frame = spectra.select(_COVARIATE_COLUMNS).to_pandas()
    table = spectrum_covariates(frame, located_specimens.to_pandas())
    in_order = table["member_id"].to_pylist() == frame["member_id"].tolist()
    return kit.Result(
        table,
        {
            "ideal_chemistry": _stated(table["ideal_composition"]),
            "measured_chemistry": _stated(table["measured_composition"]),
            "positions": len(table) - table["latitude"].null_count,
        },
        checks={"rows_conserved": kit.Check(in_order, spectra=len(frame))},
    )


def _stated(compositions: pa.ChunkedArray) -> int:
    return int(np.stack(compositions.to_pylist()).any(axis=1).sum())


@_table(LABELLED, name="labelled_spectra", group_name="labelled", partitions_def=SPLIT)
def labelled_spectra_asset(tables: FoldTables) -> kit.Result:
    """All that models see of a split: they are stale if this changed, not if other spectra did."""
    return kit.Result(labelled_spectra(*tables))


@_table(
    LEAKAGE,
    group_name="labelled",
    partitions_def=SPLIT,
    code_version="4",
    checks={
        "specimens_disjoint": "Under the splits by specimen, locality and species, no specimen "
        "is in both training and test set."
    },
)
def split_leakage(split: Split, tables: FoldTables) -> kit.Result:
    """What of each test spectrum is in training: its specimen, its pair, a near-duplicate."""
    frame = measure_leakage(*tables, split)
    found = leakage_shares(frame)
    shared = found["same_specimen"]
    return kit.Result(
        LEAKAGE.from_frame(frame),
        {"split": split, **{f"{name}_share": value for name, value in found.items()}},
        checks={
            "specimens_disjoint": kit.Check(
                split in LEAK_SPECIMENS or shared == 0, same_specimen=shared
            )
        },
    )
