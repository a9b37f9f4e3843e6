"""Andor Solis: SIF by sif_parser (BSD).

The library reads on for ever behind the end of a damaged file, and needs a file on disk for the
intensities; so only the header is read by it, from bytes that end with an error.
"""

from __future__ import annotations

import io

import numpy as np

from raman_pipeline.spectra.user_files.instruments import broken
from raman_pipeline.spectra.user_files.spectrum import Found, UnreadableError

SIF_MARK = b"Andor Technology"
_MOST_TRACKS = 64
"""Rows of the detector beyond which a file is a picture of it."""
_LASERS_NM = (200.0, 1100.0)
_EXPORT = "export it as ASCII (Solis: File, Export As)"


class _Whole(io.BytesIO):
    """Bytes that fail where a reader goes on behind their end."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Returns the next bytes, at least one."""
        found = super().read(size)
        if not found and size:
            raise EOFError("it ends within its header")
        return found


def read_sif(data: bytes) -> list[Found]:
    """Returns the spectra of all frames and tracks of an SIF file.

    Raises:
        UnreadableError: the file is broken, a picture, or its axis is none of wavelengths.
    """
    from sif_parser._sif_open import _open
    from sif_parser.utils import extract_calibration

    try:
        _, (width, height), frames, info = _open(_Whole(data))
        count = frames * height * width
        values = np.frombuffer(data, "<f4", count, int(info["offset"]))
        values = values.reshape(frames, height, width)
        axis_name = bytes(info["FrameAxis"]).decode("latin-1")
        calibration = extract_calibration(info)
        laser = float(info["RamanExWavelength"])
        binned = int(info["xbin"]) != 1
        if calibration is not None:
            # Of several tracks, the library goes on to the last pixel of the last one.
            axes = np.broadcast_to(np.asarray(calibration)[..., :width], (frames, width))
    except Exception as error:
        raise broken("SIF", error) from error
    if "wavelength" not in axis_name.casefold() or calibration is None:
        raise UnreadableError(
            f"an SIF file of Andor whose axis is {axis_name or 'not named'!r}: only wavelengths "
            f"are read; {_EXPORT}"
        )
    if binned:
        raise UnreadableError(f"an SIF file of Andor whose columns are binned; {_EXPORT}")
    if height > _MOST_TRACKS:
        raise UnreadableError(
            f"a picture of the detector of {height} rows (SIF of Andor), and no spectrum; bin its "
            f"rows, or {_EXPORT}"
        )
    return [
        Found(
            axes[frame],
            values[frame, track].astype(np.float64),
            "nm",
            "SIF",
            f"frame {frame + 1}, track {track + 1}",
            laser if _LASERS_NM[0] <= laser <= _LASERS_NM[1] else None,
        )
        for frame in range(frames)
        for track in range(height)
    ]
