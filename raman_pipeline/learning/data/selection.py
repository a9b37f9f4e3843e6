"""Selection of the spectra for geolocation, with the reason for every exclusion."""

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
"""Reasons in order of precedence; a row gets the first that applies."""


def select_spectra(
    spectra: pd.DataFrame,
    samples: pd.DataFrame,
    kinds: Collection[str],
    min_per_country: int,
) -> pd.DataFrame:
    """Returns one row per spectrum with its label or the reason for its exclusion.

    Args:
        spectra: columns `member_id`, `measurement_key`, `rruff_id`, `mineral`, `kind`.
        samples: columns `rruff_id`, `country`, `is_synthetic`, `site`, one row per specimen.
        kinds: RAW, Processed, or both (with both, as in the paper, every measurement counts
            twice).
        min_per_country: countries with fewer remaining spectra are excluded.

    Returns:
        Columns `member_id`, `measurement_key`, `rruff_id`, `mineral`, `site`, `country`, `excluded`
        (one of EXCLUSIONS, or None), in the order of `spectra`.
    """
    frame = spectra.merge(
        samples[["rruff_id", "country", "is_synthetic", "site"]],
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

    selection = frame[["member_id", "rruff_id", "mineral", "site", "country"]].copy()
    # A file whose name says nothing of a measurement is one of its own.
    selection["measurement_key"] = frame["measurement_key"].fillna(frame["member_id"])
    selection["excluded"] = excluded
    return selection
