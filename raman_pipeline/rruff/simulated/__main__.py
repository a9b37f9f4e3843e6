"""Writes the embedded sample archives.

python -m raman_pipeline.rruff.simulated raman_pipeline/embedded/rruff-sample
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from raman_pipeline.common import atomic
from raman_pipeline.rruff.simulated.archives import SEED, regular_members
from raman_pipeline.rruff.simulated.edge_cases import edge_case_members

Archives = dict[str, dict[str, bytes]]
"""Archive name to member name to bytes."""


def build_archives(seed: int = SEED) -> Archives:
    """Returns every sample archive as member name to bytes."""
    archives: Archives = {}
    for archive, name, data in (*regular_members(seed), *edge_case_members(seed)):
        archives.setdefault(archive, {})[name] = data
    return archives


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Packs members in the order of their names, with a fixed time stamp."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, date_time=(2025, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, members[name])
    return buffer.getvalue()


def write_archives(folder: Path, seed: int = SEED) -> dict[str, int]:
    """Writes the sample archives; returns archive name to number of members."""
    archives = build_archives(seed)
    for name, members in archives.items():
        atomic.write_bytes(Path(folder) / f"{name}.zip", zip_bytes(members))
    return {name: len(members) for name, members in sorted(archives.items())}


if __name__ == "__main__":
    for written, count in write_archives(Path(sys.argv[1])).items():
        print(f"{written}.zip: {count} members")
