"""Covariates of each spectrum: laser, chemistry and position of the specimen."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import RAGGED, Column, TableSchema
from raman_pipeline.rruff.chemistry import ELEMENTS, compositions

COVARIATES = TableSchema(
    "spectrum_covariates",
    (
        Column("member_id", pa.string(), "the spectrum", unique=True),
        Column("wavelength_nm", pa.float64(), "laser, nm", nullable=True),
        Column(
            "ideal_composition",
            RAGGED,
            f"atomic fractions of {len(ELEMENTS)} elements by IDEAL CHEMISTRY; zeros if absent",
        ),
        Column(
            "measured_composition",
            RAGGED,
            f"atomic fractions of {len(ELEMENTS)} elements by MEASURED CHEMISTRY; zeros if absent",
        ),
        Column("latitude", pa.float64(), "of the specimen, degrees", True, between=(-90, 90)),
        Column("longitude", pa.float64(), "of the specimen, degrees", True, between=(-180, 180)),
    ),
)


def spectrum_covariates(spectra: pd.DataFrame, samples: pd.DataFrame) -> pa.Table:
    """Returns a COVARIATES table, one row per spectrum, in the order of `spectra`.

    Args:
        spectra: columns `member_id`, `rruff_id`, `wavelength_nm`, `ideal_chemistry`,
            `measured_chemistry`.
        samples: columns `rruff_id`, `latitude`, `longitude`, one row per specimen.
    """
    frame = spectra.merge(
        samples[["rruff_id", "latitude", "longitude"]],
        on="rruff_id",
        how="left",
        validate="many_to_one",
    )
    for kind in ("ideal", "measured"):
        # All spectra of a specimen have the same formula, so each formula is parsed once.
        codes, formulae = pd.factorize(frame[f"{kind}_chemistry"].fillna(""))
        frame[f"{kind}_composition"] = list(compositions(formulae)[codes])
    return COVARIATES.from_frame(frame)
