"""The file list of Sparavigna (2025), matched against the spectra at hand.

What belongs here: the printed clusters, and which of their files are present under their
names of today. What does not: our own clusters (see `clusters`).

Facts from the paper, doi:10.5281/zenodo.17227708, section Results: 44 measured files and 50
augmented ones (all made from albite) in three clusters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from raman_pipeline.rruff.member_name import parse_member_name

_PRINTED: dict[int, tuple[str, ...]] = {
    0: (
        "Albite R040068-3 514 0 ccw 1596",
        "Albite R050253-3 514 45 ccw 13567",
        "Albite R070268 532 0 unoriented 20224",
        "Albite R050253-3 514 0 depolarized 13571",
        "Albite R050402-3 514 45 ccw 15043",
        "Albite R050253-3 514 0 ccw 13565",
        "Albite R040068-3 514 0 depolarized 1602",
        "Albite R100169 532 0 unoriented 34686",
        "Albite R040129-3 514 45 ccw 2666",
        "Albite R040129-3 514 90 ccw 2668",
        "Albite R050253-3 514 90 ccw 13569",
        "Albite R040068-3 514 90 ccw 1600",
        "Albite R040129-3 514 0 ccw 2664",
        "Albite R050402-3 514 0 ccw 15041",
        "Albite R060054 532 0 unoriented 26970",
        "Albite R040068-3 514 45 ccw 1598",
        "Albite R230008 532 0 depolarized 40823",
        "Albite R050402-3 514 0 depolarized 15047",
        "Albite R050402-3 514 90 ccw 15045",
    ),
    1: (
        "Andradite R060358-3 514 0 depolarized 13498",
        "Andradite R040001-3 514 0 depolarized 28866",
        "Almandine R040076-3 514 0 depolarized 1806",
        "Andradite R060326-3 514 0 depolarized 13752",
        "Andradite R100049 532 0 unoriented 33766",
        "Andradite R050377-3 514 0 depolarized 13760",
        "Andradite R050311-3 514 0 depolarized 13975",
        "Andradite R050256-3 514 0 depolarized 13983",
        "Andradite R060449-3 514 0 depolarized 13457",
        "Andradite R060423-3 514 0 depolarized 13466",
        "Andradite R100138 532 0 unoriented 34540",
        "Andradite R070722 532 0 unoriented 24450",
        "Andradite R120004 532 0 unoriented 36357",
    ),
    2: (
        "Almandine R060099-3 514 0 depolarized 14348",
        "Almandine R100046 532 0 unoriented 33758",
        "Andradite R060350-3 514 0 depolarized 14007",
        "Almandine R070129-3 514 0 depolarized 23586",
        "Almandine R190023 532 0 ccw 40408",
        "Almandine R050029-3 514 0 depolarized 4475",
        "Almandine R060450-3 514 0 depolarized 13474",
        "Almandine R120152 532 0 unoriented 37209",
        "Almandine R040079-3 514 0 depolarized 1849",
        "Almandine R120145 532 0 unoriented 37201",
        "Almandine R040168-3 514 0 depolarized 3104",
        "Almandine X050011 514 0 unoriented 6685",
    ),
}

PAPER_AUGMENTED = {0: 20, 1: 17, 2: 13}
"""Augmented files in each printed cluster; all were made from albite."""
PAPER_CLUSTER_OF = {"Albite": 0, "Andradite": 1, "Almandine": 2}
"""The printed cluster that most files of a mineral are in."""


@dataclass(frozen=True)
class PrintedFile:
    """A file of the paper's list.

    Attributes:
        name: as printed.
        mineral: by its name.
        cluster: the printed one.
    """

    name: str
    mineral: str
    cluster: int

    @property
    def with_its_mineral(self) -> bool:
        """Whether the paper has it in the cluster of its mineral."""
        return PAPER_CLUSTER_OF[self.mineral] == self.cluster


def printed_files() -> list[PrintedFile]:
    """Returns the 44 measured files of the paper."""
    files = []
    for cluster, rows in _PRINTED.items():
        for row in rows:
            mineral, sample, laser, angle, polarization, number = row.split()
            fields = (mineral, sample, "Raman", laser, angle, polarization)
            name = "_".join((*fields, "Raman_Data_Processed", number)) + ".txt"
            files.append(PrintedFile(name, mineral, cluster))
    return files


def match(members: pd.DataFrame) -> pd.DataFrame:
    """Finds the paper's files among today's members.

    Numbers at the end of old names are today's ids where a file was not processed anew;
    oriented files were, so those are matched by mineral, sample, laser, angle and
    polarization. Today's names write 0 degrees counter-clockwise as `0-000` without `ccw`.

    Args:
        members: `member_id`, `member` of processed spectra.

    Returns:
        One row for each of the 44: `name`, `mineral`, `paper_cluster`, `with_its_mineral`,
        and `member_id` (None where no member matches).
    """
    present = {_key(m): i for i, m in zip(members["member_id"], members["member"], strict=True)}
    return pd.DataFrame(
        [
            {
                "name": file.name,
                "mineral": file.mineral,
                "paper_cluster": file.cluster,
                "with_its_mineral": file.with_its_mineral,
                "member_id": present.get(_key(file.name)),
            }
            for file in printed_files()
        ]
    )


def _key(name: str) -> tuple[str | float | None, ...]:
    parsed = parse_member_name(name)
    angle = re.sub(r"-0+$", "", parsed.angle or "")
    polarization = parsed.polarization or "ccw"
    return (parsed.mineral, parsed.subsample_id, parsed.wavelength_nm, angle, polarization)
