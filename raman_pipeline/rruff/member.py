"""One member of an archive: bytes in, spectrum and headers out, or a refusal.

What belongs here: the ten parser rules of the RRUFF format. What does not:
archives (see `archive`), tables (see `tables`), file names (see `member_name`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from raman_pipeline.rruff.member_name import (
    MemberName,
    kind_of,
    parse_member_name,
    parse_wavelength,
)
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode
from raman_pipeline.rruff.row_scanner import scan_rows
from raman_pipeline.rruff.rows import ROW, Row, rows_from_lines

IDENTITY_KEYS = ("NAMES", "RRUFFID")
MIN_POINTS = 3
"""A maximum needs a neighbour on either side; nothing shorter can show a band."""

_BOM = "\ufeff"
_FIRST_ROW = re.compile(rb"^[ \t]*+[+-]?+[.\d]", re.MULTILINE)
_NEXT_KEY = re.compile(r"##(?=[A-Z][A-Z _]*=)")


@dataclass
class Member:
    """An accepted member.

    Attributes:
        name: the fields of the file name.
        raman_shift: float32 [n], cm⁻¹, strictly increasing.
        intensity: float32 [n], counts or arbitrary units, finite.
        headers: `##KEY=value` lines; identity keys keep their first non-empty
            value, all others their last one.
        header_lines: the line (from 1) of each header's value.
        comments: `# ...` lines without the mark.
        preamble: lines before the first row that are neither header, comment nor row.
        repeated_keys: headers that stood more than once.
        encoding: `utf-8` or `cp1252`.
        has_end: whether `##END` was there.
        sha256: of the member's bytes.
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
        """The NAMES header; the file name's mineral where the header is empty."""
        return self.headers.get("NAMES") or self.name.mineral

    @property
    def rruff_id(self) -> str | None:
        """The RRUFFID header: what groups spectra of one specimen."""
        return self.headers.get("RRUFFID") or self.name.rruff_id

    @property
    def kind(self) -> str | None:
        """`RAW`, `Processed`, or None where neither FILETYPE nor the name tells."""
        return kind_of(self.headers.get("FILETYPE", "")) or self.name.kind

    @property
    def wavelength_nm(self) -> float | None:
        """Laser wavelength in nm: the header, else the name, else None."""
        return parse_wavelength(self.headers.get("RAMAN WAVELENGTH", "")) or self.name.wavelength_nm

    @property
    def member_id(self) -> str:
        """The server's id of the file; a hash of the content where the name has none."""
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
    plain = _Parser(parsed, sha256).parse_plain(data)
    return plain or _parse_by_line(data, parsed, sha256)


def parse_member_by_line(data: bytes, name: str) -> Member:
    """Reads one member without the compiled rows: the definition that the fast way keeps to.

    Raises:
        MemberRefused: see `parse_member`.
    """
    return _parse_by_line(data, parse_member_name(name), hashlib.sha256(data).hexdigest())


def _parse_by_line(data: bytes, name: MemberName, sha256: str) -> Member:
    parser = _Parser(name, sha256)
    try:
        return parser.parse(data)
    except MemberRefused as refusal:
        refusal.headers = parser.headers
        refusal.encoding = parser.encoding
        refusal.sha256 = sha256
        raise


def decode(data: bytes) -> tuple[str, str]:
    """Returns the text and its encoding: strict UTF-8, else strict cp1252.

    Raises:
        MemberRefused: DECODE, with the line of the first byte that fits neither.
    """
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MemberRefused(
            RefusalCode.DECODE, line, f"byte 0x{data[error.start]:02x} is neither UTF-8 nor cp1252"
        ) from None


class _Parser:
    """State of one parse; kept apart so that a refusal can still tell the headers."""

    def __init__(self, name: MemberName, sha256: str) -> None:
        self.name = name
        self.sha256 = sha256
        self.encoding: str | None = None
        self.headers: dict[str, str] = {}
        self.header_lines: dict[str, int] = {}
        self.repeated: list[str] = []
        self.comments: list[str] = []
        self.preamble: list[str] = []
        self.has_end = False

    def parse(self, data: bytes) -> Member:
        """Reads a member of any form, line by line."""
        text, self.encoding = decode(data)
        text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix(_BOM)
        start, first_line = self._read_before_rows(text)
        shift, intensity, lines = self._read_rows(text, start, first_line)
        self._check_kind()
        self._check_rows(shift, intensity, lines)
        return self._member(shift, intensity)

    def parse_plain(self, data: bytes) -> Member | None:
        """Reads a member of the plain form, or returns None where it is of another.

        Plain are UTF-8 headers, then rows without gaps, then headers and comments; and
        nothing to refuse. What is wrong, and where, is for `parse` to say.
        """
        first = _FIRST_ROW.search(data)
        if first is None:
            return None
        start = first.start()
        try:
            head = data[:start].decode().removeprefix(_BOM).replace("\r\n", "\n")
            if not self._read_plain_head(head):
                return None
            shift, intensity, end = scan_rows(data, start)
            if fault(shift, intensity) is not None:
                return None
            tail = data[end:].decode().replace("\r\n", "\n")
            if not self._read_plain_tail(tail, head.count("\n") + len(shift) + 1):
                return None
            self._check_kind()
        except (UnicodeDecodeError, MemberRefused):
            return None
        self.encoding = "utf-8"
        return self._member(shift, intensity)

    def _read_plain_head(self, text: str) -> bool:
        for number, line in enumerate(text.split("\n"), start=1):
            if self._read_header_or_comment(line, number):
                continue
            if ROW.match(line):
                return False
            if line.strip():
                self.preamble.append(line.strip())
        return not self.has_end and "\r" not in text

    def _read_plain_tail(self, text: str, first_line: int) -> bool:
        for number, line in enumerate(text.split("\n"), start=first_line):
            if not self._read_header_or_comment(line, number) and line.strip():
                return False
            if self.has_end:
                break
        return "\r" not in text

    def _member(self, shift: npt.NDArray[np.float32], intensity: npt.NDArray[np.float32]) -> Member:
        assert self.encoding is not None
        return Member(
            name=self.name,
            raman_shift=shift,
            intensity=intensity,
            headers=self.headers,
            header_lines=self.header_lines,
            encoding=self.encoding,
            sha256=self.sha256,
            comments=self.comments,
            preamble=self.preamble,
            repeated_keys=self.repeated,
            has_end=self.has_end,
        )

    def _read_before_rows(self, text: str) -> tuple[int, int]:
        """Reads up to the first row; returns its offset and its line (from 1)."""
        offset, number = 0, 0
        while offset < len(text):
            end = text.find("\n", offset)
            end = len(text) if end < 0 else end
            line = text[offset:end]
            number += 1
            if ROW.match(line):
                return offset, number
            if self._read_header_or_comment(line, number):
                if self.has_end:
                    break
            elif line.strip():
                self.preamble.append(line.strip())
            offset = end + 1
        self._check_kind()
        raise MemberRefused(RefusalCode.TOO_SHORT, number or None, "no rows")

    def _read_header_or_comment(self, line: str, number: int) -> bool:
        line = line.strip()
        if line.startswith("##"):
            if "##" in line[2:]:
                for part in _NEXT_KEY.split(line[2:]):
                    self._add_header(part, number)
            else:
                self._add_header(line[2:], number)
            return True
        if line.startswith("#"):
            self.comments.append(line[1:].strip())
            return True
        return False

    def _add_header(self, text: str, number: int) -> None:
        key, _, value = text.partition("=")
        key, value = key.strip(), value.strip()
        if key == "END":
            self.has_end = True
            return
        old = self.headers.get(key)
        if old is not None:
            self.repeated.append(key)
        if not old or key not in IDENTITY_KEYS:
            self.headers[key] = value
            self.header_lines[key] = number
        elif value and value != old:
            raise MemberRefused(
                RefusalCode.IDENTITY_CONFLICT, number, f"{key} is {old!r} and {value!r}"
            )

    def _read_rows(
        self, text: str, start: int, first_line: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], list[int]]:
        rows: list[Row] = []
        for number, line in enumerate(text[start:].split("\n"), start=first_line):
            if not line.strip():
                continue
            if self._read_header_or_comment(line, number):
                if self.has_end:
                    break
                continue
            rows.append(Row(number, line))
        return rows_from_lines(rows)

    def _check_kind(self) -> None:
        header = self.headers.get("FILETYPE", "")
        if header and self.name.kind and kind_of(header) != self.name.kind:
            raise MemberRefused(
                RefusalCode.KIND_MISMATCH,
                self.header_lines["FILETYPE"],
                f"FILETYPE is {header!r}, the file name says {self.name.kind}",
            )

    @staticmethod
    def _check_rows(
        shift: npt.NDArray[np.float32], intensity: npt.NDArray[np.float32], lines: list[int]
    ) -> None:
        found = fault(shift, intensity)
        if found is not None:
            code, row, text = found
            raise MemberRefused(code, lines[row], text)


def fault(
    shift: npt.NDArray[np.float32], intensity: npt.NDArray[np.float32]
) -> tuple[RefusalCode, int, str] | None:
    """Returns code, row and text of the first thing wrong with rows, None where all is well."""
    if len(shift) < MIN_POINTS:
        return RefusalCode.TOO_SHORT, len(shift) - 1, f"{len(shift)} rows"
    finite = np.isfinite(shift) & np.isfinite(intensity)
    if not finite.all():
        row = int(np.argmin(finite))
        return RefusalCode.NONFINITE, row, f"{shift[row]}, {intensity[row]}"
    rising = shift[1:] > shift[:-1]
    if not rising.all():
        row = int(np.argmin(rising)) + 1
        same = shift[row] == shift[row - 1]
        code = RefusalCode.DUPLICATE_AXIS if same else RefusalCode.NONMONOTONIC
        return code, row, f"{shift[row - 1]} then {shift[row]}"
    return None
