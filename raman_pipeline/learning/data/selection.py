"""Which spectra a geolocation selection uses, and why the others are left out.

What belongs here: the selection and its reasons. What does not: folds (see
`splits`).
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

EXCLUSIONS = (
    "no_specimen",
    "no_mineral",
    "synthetic",
    "no_country",
    "kind",
    "rare_country",
)
"""Reasons, in the order in which they are tried; a row gets the first that holds."""


def select_spectra(
    spectra: pd.DataFrame,
    samples: pd.DataFrame,
    kinds: Collection[str],
    min_per_country: int,
) -> pd.DataFrame:
    """Returns one row for each spectrum with its label, or the reason to leave it out.

    Args:
        spectra: columns `member_id`, `rruff_id`, `mineral`, `kind`, `locality`.
        samples: columns `rruff_id`, `country`, `is_synthetic`, one row a specimen.
        kinds: RAW, Processed, or both (the paper counts both, so that every
            measurement stands twice).
        min_per_country: countries with fewer remaining spectra are left out.

    Returns:
        Columns `member_id`, `rruff_id`, `mineral`, `locality`, `country`, `excluded`
        (one of EXCLUSIONS, or None), in the order of `spectra`.
    """
    frame = spectra.merge(
        samples[["rruff_id", "country", "is_synthetic"]],
        on="rruff_id",
        how="left",
        validate="many_to_one",
    )
    excluded = pd.Series(None, index=frame.index, dtype="str")

    def exclude(rows: pd.Series, reason: str) -> None:
        excluded[rows & excluded.isna()] = reason

    exclude(frame["rruff_id"].isna(), "no_specimen")
    exclude(frame["mineral"].isna(), "no_mineral")
    exclude(frame["is_synthetic"].astype("boolean").fillna(False).astype(bool), "synthetic")
    exclude(frame["country"].isna(), "no_country")
    exclude(~frame["kind"].isin(list(kinds)), "kind")
    counts = frame.loc[excluded.isna(), "country"].value_counts()
    rare = counts[counts < min_per_country].index
    exclude(frame["country"].isin(rare), "rare_country")

    selection = frame[["member_id", "rruff_id", "mineral", "locality", "country"]].copy()
    selection["locality"] = selection["locality"].fillna("")
    selection["excluded"] = excluded
    return selection
