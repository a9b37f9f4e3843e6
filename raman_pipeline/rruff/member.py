"""One member of an archive: bytes in, spectrum and headers out, or a refusal.

What belongs here: what RRUFF's headers mean and which members are refused. What does not: the
text format (see `common.spectrum_text`), archives (see `archive`), tables (see `tables`), file
names (see `member_name`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.spectrum_text import Header, first_fault, read_spectrum_text
from raman_pipeline.rruff.member_name import (
    MemberName,
    kind_of,
    parse_member_name,
    parse_wavelength,
)
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode

IDENTITY_KEYS = ("NAMES", "RRUFFID")
MIN_POINTS = 3
"""A maximum with a neighbour on either side."""


@dataclass
class Member:
    """An accepted member.

    Attributes:
        name: the fields of the file name.
        raman_shift: float32 [n], cm⁻¹, strictly increasing.
        intensity: float32 [n], counts or arbitrary units, finite.
        headers: value per key; of repeated headers, NAMES and RRUFFID keep the first non-empty
            value, all others the last one.
        header_lines: the line (from 1) of each header's value.
        encoding: `utf-8` or `cp1252`.
        sha256: of the member's bytes.
        comments: see `SpectrumText`.
        preamble: see `SpectrumText`.
        repeated_keys: a key per repetition of a header.
        has_end: see `SpectrumText`.
    """

    name: MemberName
    raman_shift: npt.NDArray[np.float32]
    intensity: npt.NDArray[np.float32]
    headers: dict[str, str]
    header_lines: dict[str, int]
    encoding: str
    sha256: str
    comments: list[str] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    repeated_keys: list[str] = field(default_factory=list)
    has_end: bool = False

    @property
    def mineral(self) -> str | None:
        """The NAMES header; the mineral of the file name if the header is empty."""
        return self.headers.get("NAMES") or self.name.mineral

    @property
    def rruff_id(self) -> str | None:
        """The specimen: the RRUFFID header, else the file name."""
        return self.headers.get("RRUFFID") or self.name.rruff_id

    @property
    def kind(self) -> str | None:
        """`RAW` or `Processed`: the FILETYPE header, else the file name, else None."""
        return kind_of(self.headers.get("FILETYPE", "")) or self.name.kind

    @property
    def wavelength_nm(self) -> float | None:
        """Laser wavelength in nm: the header, else the file name, else None."""
        return parse_wavelength(self.headers.get("RAMAN WAVELENGTH", "")) or self.name.wavelength_nm

    @property
    def member_id(self) -> str:
        """The server's id of the file; a hash of the content if the file name has none."""
        return self.name.member_id or f"sha256-{self.sha256[:21]}"


def parse_member(data: bytes, name: str) -> Member:
    """Reads one member.

    Args:
        data: the member's bytes, as stored in the archive.
        name: its file name.

    Raises:
        MemberRefused: with the code, the line and its text.
    """
    parsed, sha256 = parse_member_name(name), hashlib.sha256(data).hexdigest()
    headers, header_lines = dict[str, str](), dict[str, int]()
    encoding: str | None = None
    try:
        text = read_spectrum_text(data)
        encoding = text.encoding
        repeated = _read_headers(text.headers, headers, header_lines)
        if text.bad_row is not None:
            raise MemberRefused(RefusalCode.ROW, *text.bad_row)
        filetype = headers.get("FILETYPE", "")
        if filetype and parsed.kind and kind_of(filetype) != parsed.kind:
            raise MemberRefused(
                RefusalCode.KIND_MISMATCH,
                header_lines["FILETYPE"],
                f"FILETYPE is {filetype!r}, the file name says {parsed.kind}",
            )
        if not len(text.raman_shift):
            raise MemberRefused(RefusalCode.TOO_SHORT, text.line_count or None, "no rows")
        with np.errstate(over="ignore"):
            shift = text.raman_shift.astype(np.float32)
            intensity = text.intensity.astype(np.float32)
        if fault := first_fault(shift, intensity, MIN_POINTS):
            code, row, found = fault
            raise MemberRefused(RefusalCode(code), int(text.row_lines[row]), found)
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        refusal = MemberRefused(
            RefusalCode.DECODE, line, f"byte 0x{byte:02x} is neither UTF-8 nor cp1252"
        )
        refusal.sha256 = sha256
        raise refusal from None
    except MemberRefused as refusal:
        refusal.headers, refusal.encoding, refusal.sha256 = headers, encoding, sha256
        raise
    return Member(
        name=parsed,
        raman_shift=shift,
        intensity=intensity,
        headers=headers,
        header_lines=header_lines,
        encoding=text.encoding,
        sha256=sha256,
        comments=text.comments,
        preamble=text.preamble,
        repeated_keys=repeated,
        has_end=text.has_end,
    )


def _read_headers(
    found: Iterable[Header], headers: dict[str, str], lines: dict[str, int]
) -> list[str]:
    """Fills in the value and the line of each key; returns the repeated keys.

    Raises:
        MemberRefused: IDENTITY_CONFLICT.
    """
    repeated = []
    for line, key, value in found:
        old = headers.get(key)
        if old is not None:
            repeated.append(key)
        if not old or key not in IDENTITY_KEYS:
            headers[key], lines[key] = value, line
        elif value and value != old:
            raise MemberRefused(
                RefusalCode.IDENTITY_CONFLICT, line, f"{key} is {old!r} and {value!r}"
            )
    return repeated
