"""Spectra as text: the grammar of RRUFF members.

What belongs here: headers (`##KEY=value`), comments, rows of exactly two numbers, and which values
are a fault (`first_fault`). What does not: the meaning of a header (see `rruff.member`), a user's
own file (see `spectra.user_files`).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32] | Float64

_BOM = "\ufeff"
_NEXT_KEY = re.compile(r"##(?=[A-Z][A-Z _]*=)")
_PLAIN = re.compile(r"[0-9+\-.eE, \t\n]*+")
# Possessive quantifiers: a line of a million digits must not cost a million tries. Optional
# groups are not possessive: `re` of Python 3.11.2 then takes the "e" of "1.e" for an exponent.
_NUMBER = r"([+-]?(?:(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d++)?|(?i:nan|inf(?:inity)?)))"
_ROW = re.compile(rf"^[ \t]*+{_NUMBER}(?:[ \t]*+,[ \t]*+|[ \t]++){_NUMBER}[ \t]*+$", re.ASCII)


class Header(NamedTuple):
    """A `##KEY=value` header and its line (from 1)."""

    line: int
    key: str
    value: str


@dataclass
class SpectrumText:
    """The content of a text file, as it was written.

    Attributes:
        encoding: `utf-8`, `cp1252`, or `latin-1` (lenient only).
        headers: all headers in the order of the file.
        comments: comment lines without their mark.
        preamble: lines before the first row that are neither header, comment nor row.
        raman_shift: float64 [n], cm⁻¹.
        intensity: float64 [n].
        row_lines: int64 [n], the line (from 1) of each row.
        bad_row: line and text of the first line among or after the rows that cannot be read.
        line_count: lines read; reading ends at `##END`.
        has_end: whether `##END` is present.
    """

    encoding: str
    headers: list[Header] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    raman_shift: Float64 = field(default_factory=lambda: np.empty(0))
    intensity: Float64 = field(default_factory=lambda: np.empty(0))
    row_lines: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    bad_row: tuple[int, str] | None = None
    line_count: int = 0
    has_end: bool = False


def decode(data: bytes, lenient: bool = False) -> tuple[str, str]:
    r"""Returns the text, with `\n` as line break, and its encoding.

    Args:
        data: the bytes of a file, in UTF-8 or else in cp1252.
        lenient: read anything else as latin-1.

    Raises:
        UnicodeDecodeError: the text is neither UTF-8 nor cp1252.
    """
    encodings = ("utf-8", "cp1252", "latin-1") if lenient else ("utf-8", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            if encoding == encodings[-1]:
                raise
    text = io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)
    return text.removeprefix(_BOM), encoding


def read_spectrum_text(data: bytes, lenient: bool = False) -> SpectrumText:
    """Reads headers, comments and rows; the values are not checked.

    Args:
        data: the bytes of a file.
        lenient: read more forms of rows, comments and encodings.

    Raises:
        UnicodeDecodeError: the text is neither UTF-8 nor cp1252, and the mode is strict.
    """
    text, encoding = decode(data, lenient)
    found = SpectrumText(encoding)
    block, block_line = np.empty((0, 2)), 0
    rows: list[tuple[float, float]] = []
    lines: list[int] = []
    offset = 0
    while offset < len(text) and not found.has_end:
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end
        line = text[offset:end]
        found.line_count += 1
        row = _row(line)
        if row is None:
            _read_other(found, line, after_rows=bool(block_line or lines))
        elif not (block_line or lines) and (plain := _plain_rows(text, offset)):
            block, end = plain
            block_line = found.line_count
            found.line_count += len(block) - 1
        else:
            rows.append(row)
            lines.append(found.line_count)
        offset = end + 1
    values = np.vstack([block, np.array(rows).reshape(-1, 2)])
    found.raman_shift, found.intensity = values[:, 0], values[:, 1]
    found.row_lines = np.append(block_line + np.arange(len(block)), lines).astype(np.int64)
    return found


def first_fault(
    raman_shift: Floats, intensity: Floats, min_points: int
) -> tuple[str, int, str] | None:
    """Returns code, row and text of the first irregular value, None where all are regular.

    Regular are at least `min_points` finite points with a strictly increasing Raman shift.
    """
    if len(raman_shift) < min_points:
        return "TOO_SHORT", len(raman_shift) - 1, f"{len(raman_shift)} rows"
    finite = np.isfinite(raman_shift) & np.isfinite(intensity)
    if not finite.all():
        row = int(np.argmin(finite))
        return "NONFINITE", row, f"{raman_shift[row]}, {intensity[row]}"
    increasing = raman_shift[1:] > raman_shift[:-1]
    if not increasing.all():
        row = int(np.argmin(increasing)) + 1
        before, here = raman_shift[row - 1], raman_shift[row]
        code = "DUPLICATE_AXIS" if here == before else "NONMONOTONIC"
        return code, row, f"{before} then {here}"
    return None


def _row(line: str) -> tuple[float, float] | None:
    match = _ROW.match(line)
    return (float(match[1]), float(match[2])) if match else None


def _plain_rows(text: str, offset: int) -> tuple[Float64, int] | None:
    """Returns the rows up to the next header or comment at once, float64 [n, 2].

    Also returns the offset of the line break after them. None where a line among them is not a
    row of two numbers that differ from the strict form in nothing: then each is read by itself.
    """
    mark = text.find("#", offset)
    end = len(text) if mark < 0 else text.rfind("\n", offset, mark)
    block = text[offset:end].rstrip("\n\t ")
    if end < 0 or not _PLAIN.fullmatch(block):
        return None
    lines = block.split("\n")
    delimiter = "," if "," in lines[0] else None
    try:
        values = np.loadtxt(lines, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:
        return None
    if values.shape != (len(lines), 2):
        return None
    end = text.find("\n", offset + len(block))
    return values, len(text) if end < 0 else end


def _read_other(found: SpectrumText, line: str, after_rows: bool) -> None:
    """Takes in a line that is no row."""
    line = line.strip()
    if line.startswith("##"):
        for part in _NEXT_KEY.split(line[2:]):
            key, _, value = part.partition("=")
            if key.strip() == "END":
                found.has_end = True
            else:
                found.headers.append(Header(found.line_count, key.strip(), value.strip()))
    elif line.startswith("#"):
        found.comments.append(line[1:].strip())
    elif line and not after_rows:
        found.preamble.append(line)
    elif line and found.bad_row is None:
        found.bad_row = found.line_count, line
