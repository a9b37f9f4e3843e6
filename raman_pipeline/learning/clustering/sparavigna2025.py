"""The clusters printed in Sparavigna (2025), matched against the spectra of the store.

The paper (doi:10.5281/zenodo.17227708, section Results) lists 44 measured files and 50
augmented ones, all made from albite, in three clusters. `sparavigna2025.csv` holds the
measured files as printed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from raman_pipeline.rruff.member_name import parse_member_name

AUGMENTED_MINERAL = "Albite"
AUGMENTED_BY_CLUSTER = {0: 20, 1: 17, 2: 13}
"""Augmented files in each printed cluster."""


def match_files(members: pd.DataFrame) -> pd.DataFrame:
    """Finds the paper's files among the present members.

    Numbers at the end of old names are present ids where a file was not processed anew;
    oriented files were, so those are matched by mineral, sample, laser, angle and
    polarization. Present names write 0 degrees counter-clockwise as `0-000` without `ccw`.

    Args:
        members: `member_id`, `member` of processed spectra.

    Returns:
        One row for each of the 44 files: `name`, `mineral`, `cluster` (the printed one), and
        `member_id` (missing where no member matches).
    """
    present = {_key(m): i for i, m in zip(members["member_id"], members["member"], strict=True)}
    files = pd.read_csv(Path(__file__).with_suffix(".csv"))
    return files.assign(member_id=[present.get(_key(name)) for name in files["name"]])


def _key(name: str) -> tuple[str | float | None, ...]:
    parsed = parse_member_name(name)
    angle = re.sub(r"-0+$", "", parsed.angle or "")
    polarization = parsed.polarization or "ccw"
    return (parsed.mineral, parsed.subsample_id, parsed.wavelength_nm, angle, polarization)
