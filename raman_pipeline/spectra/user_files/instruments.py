"""Files of instruments: SPC by spc-io, WDF by renishawWiRE (both MIT)."""

from __future__ import annotations

import io
import logging
import struct
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np

from raman_pipeline.spectra.user_files.spectrum import Found, UnreadableError

_SPC_KINDS = {"XRAMANS": "shift", "XWAVEN": "shift", "XARB": "", "XNMETR": "nm"}
_WDF_KINDS = {"RamanShift": "shift", "Wavenumber": "shift", "Arbitrary": "", "Nanometre": "nm"}
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
        found = spc_io.SPC.from_bytes_io(io.BytesIO(bytes(plain)))
        unit = str(found.xtype)
        return [
            Found(
                np.asarray(part.xarray, np.float64),
                np.asarray(part.yarray, np.float64),
                _SPC_KINDS.get(unit, unit),
                "SPC",
                f"spectrum {number}",
                other_technique=_SPC_OTHER.get(data[2], ""),
            )
            for number, part in enumerate(found, start=1)
        ]
    except Exception as error:
        raise _broken("SPC", error) from error


def read_wdf(path: Path) -> list[Found]:
    """Returns the spectra of a WDF file.

    Raises:
        UnreadableError: the file is broken.
    """
    from renishawWiRE import WDFReader

    try:
        with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            reader = WDFReader(str(path))
        try:
            axis = np.asarray(reader.xdata, dtype=np.float64)
            rows = np.asarray(reader.spectra, dtype=np.float64).reshape(-1, axis.size)
            unit = reader.xlist_unit.name
            laser = round(float(reader.laser_length), 2) or None
        finally:
            reader.close()
    except Exception as error:
        raise _broken("WDF", error) from error
    kind = _WDF_KINDS.get(unit, unit)
    return [
        Found(axis, row, kind, "WDF", f"spectrum {number}", laser)
        for number, row in enumerate(rows, start=1)
    ]


def _broken(kind: str, error: Exception) -> UnreadableError:
    return UnreadableError(
        f"not a complete {kind} file ({error or type(error).__name__}); export it again, or as "
        "text with two columns"
    )
