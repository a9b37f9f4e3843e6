"""The pinned Natural Earth file of countries at 1:10m, and the check of a download."""

from __future__ import annotations

from pathlib import Path

from raman_pipeline.common import atomic
from raman_pipeline.common.storage import StorePath
from raman_pipeline.geography.errors import UnknownMapError

NATURAL_EARTH_NAME = "ne_10m_admin_0_countries"
NATURAL_EARTH_URL = "https://naturalearth.s3.amazonaws.com/10m_cultural"
NATURAL_EARTH_SHA256 = "ce1ac7036499a0edd641fbc093cd209a98f96a49d2eca8480aaacad35138a7f6"
"""Of release 5.1.1 (4,930,492 bytes), as recorded by several public projects."""
NATURAL_EARTH_VERSION = "Natural Earth 5.1.1, 1:10m"


def adopt(downloaded: Path, target: StorePath, sha256: str) -> StorePath:
    """Moves a download to its place if it is the pinned file.

    Raises:
        UnknownMapError: the hash differs; the download is removed.
        WriteError: the place cannot be written.
    """
    found = atomic.file_sha256(downloaded)
    if found != sha256:
        downloaded.unlink()
        raise UnknownMapError(
            f"{downloaded.name}: sha256 {found} is not the pinned {sha256}; the map was changed "
            "or the download damaged. Run again, or pin the new release in "
            "raman_pipeline/geography/maps/natural_earth.py once you have reviewed it"
        )
    atomic.move(downloaded, target)
    return target
