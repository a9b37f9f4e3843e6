"""Readers of a user's own spectra: text, JCAMP-DX, SPC, WDF.

What belongs here: the way from a file to Raman shift and intensity; a new format is a new reader.
What does not: the text format (see `common.spectrum_text`), RRUFF archives (see `rruff`),
preprocessing (see `learning.identification.query`).

JCAMP-DX is read by jcamp, SPC by spc-io, WDF by renishawWiRE (all MIT); each is imported when a
file of its kind is opened. Any other file is read as text with two columns, RRUFF's included.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.spectrum_text import in_order, read_spectrum_text

Floats = npt.NDArray[np.float64]

MIN_POINTS = 16
_WAVENUMBERS = ("1/CM", "CM-1", "CM^-1", "WAVENUMBER", "RAMAN")
_SPC_UNITS = ("XRAMANS", "XWAVEN", "XARB")
_WDF_UNITS = ("RamanShift", "Wavenumber", "Arbitrary")
_JCAMP = re.compile(r"^\s*##\s*JCAMP", re.IGNORECASE | re.MULTILINE)


class SpectrumFileError(InputError):
    """A file holds no usable spectrum; the message names file, line and remedy."""


@dataclass(frozen=True)
class Spectrum:
    """One measured spectrum.

    Attributes:
        name: the file, with the number of the spectrum where it holds several.
        raman_shift: float64 [n], cm⁻¹, strictly increasing.
        intensity: float64 [n].
        notes: what was changed on reading: points sorted, averaged or dropped.
    """

    name: str
    raman_shift: Floats
    intensity: Floats
    notes: tuple[str, ...] = ()


def read_spectra(path: Path) -> list[Spectrum]:
    """Reads all spectra of a file.

    Raises:
        SpectrumFileError: the file is missing, empty, truncated, or of another format.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SpectrumFileError(
            f"{path}: cannot be read ({error.strerror}); check the name"
        ) from error
    if not data.strip():
        raise SpectrumFileError(f"{path}: the file is empty; export the spectrum again")
    found = _reader(path, data)(path, data)
    several = len(found) > 1
    return [
        _spectrum(f"{path}#{i}" if several else str(path), *read)
        for i, read in enumerate(found, start=1)
    ]


Read = list[tuple[Floats, Floats, list[str]]]
"""Raman shift, intensity and notes of each spectrum of a file."""


def _reader(path: Path, data: bytes) -> Callable[[Path, bytes], Read]:
    suffix = path.suffix.lower()
    if data.startswith(b"WDF1") or suffix == ".wdf":
        return _wdf
    if suffix == ".spc":
        return _spc
    if suffix in (".jdx", ".dx", ".jcm", ".jcamp") or _JCAMP.search(data[:2000].decode("latin-1")):
        return _jcamp
    return _text


def _text(path: Path, data: bytes) -> Read:
    found = read_spectrum_text(data, lenient=True)
    if found.bad_row is not None:
        line, text = found.bad_row
        raise SpectrumFileError(
            f"{path}: line {line} is not a row of two numbers: {text[:60]!r}; "
            "remove it, or export the spectrum again"
        )
    if not len(found.raman_shift):
        raise SpectrumFileError(
            f"{path}: no rows of two numbers in it; export Raman shift (cm⁻¹) and intensity as text"
        )
    return [(found.raman_shift, found.intensity, found.notes)]


def _jcamp(path: Path, data: bytes) -> Read:
    import jcamp

    try:
        # The library prints what it does not understand.
        with redirect_stdout(io.StringIO()):
            found = jcamp.read(io.StringIO(data.decode("utf-8", "replace")))
        shift, intensity = (np.asarray(found[k], dtype=np.float64) for k in "xy")
    except Exception as error:
        raise _broken(path, "JCAMP-DX", error) from error
    unit = str(found.get("xunits", "1/CM")).upper()
    if not any(word in unit for word in _WAVENUMBERS):
        raise _another_axis(path, unit)
    return [(shift, intensity, [])]


def _spc(path: Path, data: bytes) -> Read:
    import spc_io

    try:
        found = spc_io.SPC.from_bytes_io(io.BytesIO(data))
        unit = str(found.xtype)
        columns: Read = [
            (np.asarray(part.xarray, np.float64), np.asarray(part.yarray, np.float64), [])
            for part in found
        ]
    except Exception as error:
        raise _broken(path, "SPC", error) from error
    if unit not in _SPC_UNITS:
        raise _another_axis(path, unit)
    return columns


def _wdf(path: Path, data: bytes) -> Read:
    from renishawWiRE import WDFReader

    try:
        with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            reader = WDFReader(str(path))
        try:
            shift = np.asarray(reader.xdata, dtype=np.float64)
            rows = np.asarray(reader.spectra, dtype=np.float64).reshape(-1, shift.size)
            unit = reader.xlist_unit.name
        finally:
            reader.close()
    except Exception as error:
        raise _broken(path, "WDF", error) from error
    if unit not in _WDF_UNITS:
        raise _another_axis(path, unit)
    return [(shift, row, []) for row in rows]


def _another_axis(path: Path, unit: str) -> SpectrumFileError:
    return SpectrumFileError(f"{path}: its axis is in {unit}; export it as Raman shift in 1/cm")


def _broken(path: Path, kind: str, error: Exception) -> SpectrumFileError:
    return SpectrumFileError(
        f"{path}: not a complete {kind} file ({error or type(error).__name__}); export it again, "
        "or as text with two columns"
    )


def _spectrum(name: str, shift: Floats, intensity: Floats, notes: list[str]) -> Spectrum:
    """Returns a spectrum in order, with notes on what was done for that."""
    if shift.size != intensity.size or shift.size < MIN_POINTS:
        raise SpectrumFileError(
            f"{name}: {min(shift.size, intensity.size)} points; at least {MIN_POINTS} are needed"
        )
    shift, intensity, changes = in_order(shift, intensity)
    if shift.size < MIN_POINTS:
        raise SpectrumFileError(f"{name}: only {shift.size} points are finite and not repeated")
    return Spectrum(name, shift, intensity, (*notes, *changes))
