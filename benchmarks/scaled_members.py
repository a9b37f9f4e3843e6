"""Any number of members, made from those of real archives: new ids, shifted, scaled, with noise.

Axes stay as they are, as spectra of one spectrometer share theirs: the bands are shifted on them.
"""

from __future__ import annotations

import re
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from benchmarks.measure import members
from benchmarks.site import renamed
from raman_pipeline.rruff.member import parse_member
from raman_pipeline.rruff.refusals import MemberRefused

COPIES = 10
"""Members of one original that follow each other in the series."""
MOST_SHIFT_CM1 = 1.0
NOISE = 0.01
"""Standard deviation, of the highest intensity."""
COUNTS = 2_000, 60_000
"""Range of the highest intensity."""
_DATE = (2026, 1, 1, 0, 0, 0)
_FIRST_ROW = re.compile(rb"^[ \t]*[-+]?[\d.]+(?:[eE][-+]?\d+)?[ \t]*[,\t ]", re.MULTILINE)


class Original(NamedTuple):
    """An accepted member: its name, what stands before its rows, axis (cm⁻¹), intensity 0 to 1."""

    name: str
    head: bytes
    raman_shift: npt.NDArray[np.float64]
    intensity: npt.NDArray[np.float64]


@lru_cache(maxsize=1)
def originals(mirror: Path) -> list[Original]:
    """Returns the accepted members of all archives of a folder, copies once."""
    found = []
    for name, data in dict(members(mirror)).items():
        try:
            member = parse_member(data, name)
        except MemberRefused:
            continue
        y = np.asarray(member.intensity, dtype=np.float64)
        first = _FIRST_ROW.search(data)
        # What cannot be given another id: no id in the name, or two specimens in the header.
        usual = "__" in name and data.count(b"##RRUFFID=") == 1
        if usual and first is not None and y.max() > y.min() and member.raman_shift[0] >= 0:
            x = np.asarray(member.raman_shift, dtype=np.float64)
            found.append(Original(name, data[: first.start()], x, (y - y.min()) / np.ptp(y)))
    return [found[row] for row in np.random.default_rng(0).permutation(len(found))]


def member(found: list[Original], number: int) -> tuple[str, bytes]:
    """Returns name and bytes of a member of the endless series; counts as in RAW members."""
    round_, row = divmod(number // COPIES, len(found))
    name, head, axis, intensity = found[row]
    random = np.random.default_rng(number)
    shifted = np.interp(axis - random.uniform(-MOST_SHIFT_CM1, MOST_SHIFT_CM1), axis, intensity)
    shifted += NOISE * random.standard_normal(axis.size)
    counts = random.uniform(*COUNTS) * np.maximum(shifted, 0)
    rows = _rows(np.rint(1000 * axis).astype(np.int64), np.rint(counts).astype(np.int64))
    name, head = renamed(name, head, 1 + round_ * COPIES + number % COPIES)
    return name, head + rows.tobytes() + b"##END=\n\n\n\n"


def write_archive(mirror: Path, path: Path, start: int, count: int) -> None:
    """Writes an archive of some members of the series; the same ones give the same bytes."""
    found = originals(mirror)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(start, start + count):
            name, data = member(found, number)
            info = zipfile.ZipInfo(name, _DATE)
            archive.writestr(info, data, zipfile.ZIP_DEFLATED, 1)


@numba.njit(cache=True)
def _rows(thousandths: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray:
    """Returns rows `300.125, 1234.000` as bytes; a hundred times faster than Python's formats."""
    out = np.empty(thousandths.size * 32, dtype=np.uint8)
    at = 0
    for row in range(thousandths.size):
        for value, end in ((thousandths[row], b", "), (1000 * counts[row], b"\r\n")):
            digits = 4
            while value >= 10**digits:
                digits += 1
            for place in range(digits):
                if place == digits - 3:
                    out[at] = 46
                    at += 1
                out[at] = 48 + value // 10 ** (digits - 1 - place) % 10
                at += 1
            for byte in end:
                out[at] = byte
                at += 1
    return out[:at]
