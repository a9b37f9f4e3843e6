"""Files of instruments: SPC by spc-io, WDF by renishawWiRE (both MIT)."""

from __future__ import annotations

import io
import logging
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from raman_pipeline.spectra.user_files.spectrum import Found, Place, UnreadableError

if TYPE_CHECKING:
    from renishawWiRE import WDFReader

_SPC_KINDS = {"XRAMANS": "shift", "XWAVEN": "shift", "XARB": "", "XNMETR": "nm"}
_WDF_KINDS = {"RamanShift": "shift", "Wavenumber": "shift", "Arbitrary": "", "Nanometre": "nm"}
_WDF_PLACES = {"Micron": "µm", "Millimetres": "mm", "Nanometre": "nm"}
_SPC_OTHER = {4: "FT-IR", 5: "NIR", 7: "UV-VIS"}
"""Kinds of experiment in byte 2 of an SPC file."""
_SPC_DATE, _SPC_LOG = slice(32, 36), slice(248, 252)
_SOME_DATE = struct.pack("<I", 2000 << 20 | 1 << 16 | 1 << 11)


def read_spc(data: bytes) -> list[Found]:
    """Returns the spectra of an SPC file.

    Raises:
        UnreadableError: the file is broken, or of the old or the big-endian format.
    """
    import spc_io

    if data[1:2] in (b"\x4d", b"\x4c"):
        kind = "old" if data[1:2] == b"\x4d" else "big-endian"
        raise UnreadableError(
            f"of the {kind} SPC format, which is not read; save it as new SPC, or as text"
        )
    # The library fails at logs with two equal signs in a line, and prints at a date that is none;
    # neither is needed.
    logging.getLogger("spc_io").setLevel(logging.ERROR)
    plain = bytearray(data)
    if len(plain) > 512:
        plain[_SPC_DATE], plain[_SPC_LOG] = _SOME_DATE, bytes(4)
    try:
        with np.errstate(all="ignore"):
            found = spc_io.SPC.from_bytes_io(io.BytesIO(bytes(plain)))
            parts = [
                (np.asarray(part.xarray, np.float64), np.asarray(part.yarray, np.float64))
                for part in found
            ]
        unit = str(found.xtype)
        return [
            Found(
                axis,
                intensity,
                _SPC_KINDS.get(unit, unit),
                "SPC",
                f"spectrum {number}",
                other_technique=_SPC_OTHER.get(data[2], ""),
            )
            for number, (axis, intensity) in enumerate(parts, start=1)
        ]
    except Exception as error:
        raise broken("SPC", error) from error


def read_wdf(path: Path | None, data: bytes) -> list[Found]:
    """Returns the spectra of a WDF file.

    Args:
        path: of the file, for the library, which opens it; None: a file in memory is made.
        data: its content, checked before: the library does not end at a block of no size.

    Raises:
        UnreadableError: the file is broken.
    """
    from renishawWiRE import WDFReader

    try:
        _require_whole_wdf(data)
        with ExitStack() as opened:
            opened.enter_context(redirect_stderr(io.StringIO()))
            opened.enter_context(redirect_stdout(io.StringIO()))
            reader = WDFReader(str(path or opened.enter_context(_in_memory(data))))
        try:
            axis = np.asarray(reader.xdata, dtype=np.float64)
            rows = np.asarray(reader.spectra, dtype=np.float64).reshape(-1, axis.size)
            unit = reader.xlist_unit.name
            laser = round(float(reader.laser_length), 2) or None
            places = _wdf_places(reader, len(rows))
        finally:
            reader.close()
    except Exception as error:
        raise broken("WDF", error) from error
    kind = _WDF_KINDS.get(unit, unit)
    return [
        Found(axis, row, kind, "WDF", f"spectrum {number}", laser, place=place)
        for number, (row, place) in enumerate(zip(rows, places, strict=True), start=1)
    ]


def _wdf_places(reader: WDFReader, spectra: int) -> list[Place] | list[None]:
    """Returns where the stage stood, of each spectrum; None of all unless both lists are there."""
    lists = {
        kind.name: (unit.name, at)
        for _, kind, unit, _, at in getattr(reader, "origin_list_header", [])
    }
    (x_unit, x), (y_unit, y) = (lists.get(f"Spatial_{c}", ("", ())) for c in "XY")
    if not len(x) == len(y) == spectra or x_unit != y_unit:
        return [None] * spectra
    unit = _WDF_PLACES.get(x_unit, "")
    return [Place(float(a), float(b), unit) for a, b in zip(x, y, strict=True)]


@contextmanager
def _in_memory(data: bytes) -> Iterator[str]:
    """Yields a path under which content can be opened that is not on any disk."""
    if not hasattr(os, "memfd_create"):
        raise OSError("uploads of WDF need Linux; identify the file at the command line")
    with os.fdopen(os.memfd_create("wdf"), "wb") as file:
        file.write(data)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"


def _require_whole_wdf(data: bytes) -> None:
    at = 0
    while at + 16 <= len(data):
        (size,) = struct.unpack_from("<q", data, at + 8)
        if size < 16 or at + size > len(data):
            raise ValueError("a block is longer or shorter than can be")
        at += size
    points, spectra = (
        struct.unpack_from("<i", data, 0x3C)[0],
        struct.unpack_from("<q", data, 0x48)[0],
    )
    if not 0 < 4 * points * spectra < len(data):
        raise ValueError("fewer points than it says")


def broken(kind: str, error: Exception) -> UnreadableError:
    """Returns the error of a file that cannot be read as what it seems to be."""
    return UnreadableError(
        f"not a complete {kind} file ({error or type(error).__name__}); export it again, or as "
        "text with two columns"
    )
