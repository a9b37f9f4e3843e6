"""Layouts that say for sure what each number is: LabSpec's XML, WITec's TrueMatch, ROD's CIF."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np

from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.spectrum import Floats, Found, UnreadableError

_SECTION = re.compile(r"^\[(\w+)\][ \t]*$", re.MULTILINE)
_KEY = re.compile(r"^\s*(?:\w+ )?(\w+) ?= ?(.*?)\s*$", re.MULTILINE)
# What LabSpec calls its nodes.
_AXES, _AXIS_TYPE, _AXIS_UNIT, _AXIS_VALUES = (
    "0x7b697861", "0x6d707974", "0x7c696e75", "0x7d6cd4db",
)  # fmt: skip
_NAME, _VALUE = "0x6d6d616e", "0x7d6c61db"
_EXPORT = "export it again, or as text with two columns"


def is_labspec_xml(start: bytes) -> bool:
    """Whether a file begins as LabSpec's XML does."""
    return b"<LSX_Data" in start.replace(b"\0", b"")


def is_rod(data: bytes) -> bool:
    """Whether a file is a CIF of the Raman Open Database."""
    return data.lstrip()[:1] in b"#d" and b"\n_raman_spectrum.raman_shift" in data


def is_truematch(start: bytes) -> bool:
    """Whether a file begins as TrueMatch's text does."""
    return (
        b"[WITEC_TRUEMATCH" in start or re.search(rb"^\[SpectrumHeader\]", start, re.M) is not None
    )


def read_labspec_xml(data: bytes) -> list[Found]:
    """Returns the spectra of LabSpec's XML, one per row.

    Raises:
        UnreadableError: the file is broken, or its rows are as long as no axis.
    """
    try:
        root = ElementTree.fromstring(data)
        rows = [_numbers(row.text) for matrix in root.iter("LSX_Matrix") for row in matrix]
        axes = [
            (_text(axis, _AXIS_UNIT), _numbers(_text(axis, _AXIS_VALUES)))
            for node in root.iter("LSX")
            if node.get("ID", "").lower() == _AXES
            for axis in node
            if _text(axis, _AXIS_TYPE).casefold().startswith("spect")
        ]
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UnreadableError(f"not complete XML of LabSpec ({error}); {_EXPORT}") from error
    if len(axes) != 1 or not rows or any(row.size != axes[0][1].size for row in rows):
        raise UnreadableError(
            f"{len(rows)} rows in XML of LabSpec and {len(axes)} spectral axes that do not fit; "
            f"{_EXPORT}"
        )
    unit, axis = axes[0]
    keys = (f"{_text(node, _NAME)}={_text(node, _VALUE)}" for node in root.iter("LSX"))
    laser = names.stated_laser(keys)
    kind = names.kind_of_unit(unit)
    return [
        Found(axis, row, kind, "LabSpec XML", f"row {number} of {len(rows)}", laser)
        for number, row in enumerate(rows, start=1)
    ]


def read_truematch(text: str) -> list[Found]:
    """Returns the spectra of TrueMatch's text, each from its own section.

    Raises:
        UnreadableError: a spectrum has another number of points than its header says.
    """
    parts = _SECTION.split(text)[1:]
    axis: Floats | None = None
    header: dict[str, str] = {}
    found: list[Found] = []
    for section, body in zip(parts[::2], parts[1::2], strict=True):
        if section == "SpectrumHeader":
            header = dict(_KEY.findall(body))
        if section in ("XData", "SpectrumData") and "\n\n" in body.strip():
            raise UnreadableError(f"a blank line among the numbers of TrueMatch; {_EXPORT}")
        if section == "XData":
            axis = _numbers(body)
        elif section == "SpectrumData":
            found.append(_truematch_spectrum(header, axis, body))
    if not found:
        raise UnreadableError(f"a text of TrueMatch without a section SpectrumData; {_EXPORT}")
    return found


_ROD_LOOP = r"^loop_\s*\n((?:_raman_spectrum\.\S+\s*\n)+)"


def read_rod(text: str) -> list[Found]:
    """Returns the spectra of a CIF: the loops that begin with the Raman shift.

    Raises:
        UnreadableError: there is none, or rows are not as wide as its names.
    """
    loops = list(re.finditer(_ROD_LOOP, text, re.MULTILINE))
    if not loops:
        raise UnreadableError(f"a CIF without a loop of _raman_spectrum; {_EXPORT}")
    return [_rod_spectrum(text, loop) for loop in loops]


def _rod_spectrum(text: str, loop: re.Match[str]) -> Found:
    columns = re.findall(r"\.(\S+)", loop.group(1))
    rows = []
    for line in map(str.strip, text[loop.end() :].splitlines()):
        if line.startswith(("_", "loop_", "data_", ";")):
            break
        if not line or line.startswith("#"):
            continue
        if not re.match(r"[\d.?+-]", line):
            raise UnreadableError(f"a broken CIF ({line[:40]!r} among the rows); {_EXPORT}")
        # A standard uncertainty stands in brackets; `?` and `.` stand for no number.
        cells = [re.sub(r"\(\d+\)$", "", cell) for cell in line.split()]
        rows.append(["nan" if cell in "?." else cell for cell in cells])
    try:
        values = np.array(rows, dtype=np.float64).reshape(-1, len(columns))
        chosen = next(c for c in ("intensity", "raw_intensity") if c in columns)
        axis, intensity = values[:, columns.index("raman_shift")], values[:, columns.index(chosen)]
    except (ValueError, StopIteration) as error:
        raise UnreadableError(f"a broken CIF ({error or 'no intensity'}); {_EXPORT}") from error
    # What a block of data states holds for its own loop.
    block = text[: loop.end()].rpartition("\ndata_")[2] + text[loop.end() :].partition("\ndata_")[0]
    laser = names.stated_laser(
        re.findall(r"^_raman\S*excitation_laser_wavelength .*", block, re.MULTILINE)
    )
    return Found(axis, intensity, "shift", "ROD", f'"raman_shift" and "{chosen}"', laser)


def _truematch_spectrum(header: dict[str, str], axis: Floats | None, body: str) -> Found:
    rows = [line for line in _pointed(body).splitlines() if line.strip()]
    try:
        points = int(header.get("SpectrumSize", len(rows)))
        values = np.array([line.split() for line in rows], dtype=np.float64)
    except ValueError as error:
        raise UnreadableError(f"a broken text of TrueMatch ({error}); {_EXPORT}") from error
    if values.ndim == 2 and values.shape[1] == 2:
        axis, intensity = values.T
    else:
        intensity = values.ravel()
    if axis is None or axis.size != points or intensity.size != points:
        raise UnreadableError(
            f"{intensity.size} points and {0 if axis is None else axis.size} on the axis where "
            f"SpectrumSize says {points}; {_EXPORT}"
        )
    unit = header.get("XDataKind", "")
    laser = names.stated_laser([f"laser={header.get('ExcitationWavelength', '')} nm"])
    kind = names.kind_of_unit(unit)
    return Found(axis, intensity, kind, "WITec TrueMatch", header.get("Title", ""), laser)


def _text(node: ElementTree.Element, identity: str) -> str:
    return next((n.text or "" for n in node if n.get("ID", "").lower() == identity), "").strip()


def _numbers(text: str | None) -> Floats:
    try:
        return np.array(_pointed(text or "").split(), dtype=np.float64)
    except ValueError as error:
        raise UnreadableError(f"words where numbers are due ({error}); {_EXPORT}") from error


def _pointed(text: str) -> str:
    """Returns numbers with decimal points, where all of them have commas."""
    return text if "." in text else text.replace(",", ".")
