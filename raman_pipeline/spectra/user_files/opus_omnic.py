"""Bruker OPUS by brukeropus (MIT), Thermo OMNIC by spectrochempy-omnic (CeCILL-B, an extra).

The libraries trust sizes that a damaged file states, so those are checked first.
"""

from __future__ import annotations

import logging
import struct
import warnings

import numpy as np

from raman_pipeline.spectra.user_files.instruments import broken
from raman_pipeline.spectra.user_files.spectrum import Found, UnreadableError

OPUS_MARK = b"\n\n\xfe\xfe"
SPA_MARK = b"Spectral Data File"
_RAMAN = 10
"""Kind of data in the type of a block of OPUS."""
_FLOATS = 1
_SPA_DIRECTORY, _SPA_HEADER_KEY, _SPA_DATA_KEY, _SPA_ENDS = 304, 2, 3, (0, 1)


def read_opus(data: bytes) -> list[Found]:
    """Returns the Raman spectra of an OPUS file.

    Raises:
        UnreadableError: the file is broken, or holds no Raman spectrum.
    """
    from brukeropus.file.block import FileBlock, pair_data_and_status_blocks
    from brukeropus.file.data import Data
    from brukeropus.file.parse import parse_directory, parse_header

    labels = set()
    try:
        _, start, most, _ = parse_header(data)
        blocks = []
        for kind, size, begin in parse_directory(data[start : start + 12 * most]):
            block = FileBlock(data, kind, size, begin)
            if block.is_data() and kind[3] % 32 != _RAMAN:
                labels.add(str(block.get_label()))
            elif block.is_data() or (block.is_param() and _parameters_are_sound(block.bytes)):
                block.parse()
                blocks.append(block)
        blocks = [block for block in blocks if not block.parse_error]
        settings = [block.data for block in blocks if block.is_param()]
        wavenumber = next((s["rlw"] for s in settings if s.get("rlw")), None)
        found = []
        for number, pair in enumerate(pair_data_and_status_blocks(blocks), start=1):
            with np.errstate(all="ignore"):
                spectrum = Data(*pair, key="ra", vel=0)
            if spectrum.y.size != spectrum.params.npt:
                raise ValueError("fewer points than it says")
            if spectrum.params.dpf != _FLOATS:
                raise ValueError("intensities that are no floats")
            unit = str(spectrum.params.dxu)
            found.append(
                Found(
                    np.asarray(spectrum.x, np.float64),
                    np.asarray(spectrum.y, np.float64),
                    {"MI": "micrometres", "PNT": "points", "LGW": "logarithms"}.get(unit, "shift"),
                    "OPUS",
                    f"Raman block {number}",
                    round(1e7 / wavenumber, 2) if wavenumber else None,
                )
            )
    except Exception as error:
        raise broken("OPUS", error) from error
    if not found:
        held = f" but {', '.join(sorted(labels))}" if labels else ""
        raise UnreadableError(
            f"an OPUS file that holds no Raman spectrum{held}; if it is one, export it as text"
        )
    return found


def read_spa(data: bytes) -> list[Found]:
    """Returns the spectrum of an SPA file of OMNIC.

    Raises:
        UnreadableError: the file is broken or no Raman spectrum, or the extra is not installed.
    """
    try:
        from spectrochempy_omnic import OMNICReader
    except ImportError as error:
        raise UnreadableError(
            "SPA of OMNIC, which needs `pip install 'raman-pipeline[omnic]'`; or export it as text "
            "(OMNIC: Save As, CSV)"
        ) from error
    try:
        points = _spa_points(data)
        logging.getLogger("spectrochempy-omnic").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = OMNICReader(data, suffix=".spa")
        if reader.data.size != points:
            raise ValueError("fewer points than it says")
    except Exception as error:
        raise broken("SPA", error) from error
    if "raman" not in f"{reader.x_title} {reader.title}".casefold():
        raise UnreadableError(
            f"it says {reader.title} over {reader.x_title}: only Raman spectra are identified; if "
            "it is one, export it as text"
        )
    kind = "shift" if "raman" in reader.x_title else str(reader.x_title)
    axis = np.asarray(reader.x, np.float64)
    return [Found(axis, np.asarray(reader.data[0], np.float64), kind, "SPA", str(reader.title))]


def _parameters_are_sound(block: bytes) -> bool:
    """Whether every parameter of a block of OPUS leads on to the next."""
    at = 0
    while at + 8 <= len(block) and block[at : at + 3] != b"END":
        (size,) = struct.unpack_from("<h", block, at + 6)
        if size < 0:
            return False
        at += 8 + 2 * size
    return True


def _spa_points(data: bytes) -> int:
    """Returns the number of points that an SPA file states in both places, or fails."""
    stated = set()
    for at in range(_SPA_DIRECTORY, len(data) - 16, 16):
        position, size = struct.unpack_from("<2I", data, at + 2)
        if data[at] == _SPA_HEADER_KEY:
            stated.add(struct.unpack_from("<I", data, position + 4)[0])
        elif data[at] == _SPA_DATA_KEY:
            stated.add(size // 4 if position + size <= len(data) else -1)
        elif data[at] in _SPA_ENDS:
            break
    if len(stated) != 1 or min(stated) < 1:
        raise ValueError("its numbers of points differ")
    return int(stated.pop())
