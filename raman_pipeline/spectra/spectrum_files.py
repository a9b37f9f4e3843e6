"""The spectra of a user's file, of whatever format.

What belongs here: the choice of the reader; a new format is a new reader in `spectra.user_files`.
What does not: RRUFF archives (see `rruff`), preprocessing (see `learning.identification.query`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raman_pipeline.spectra.user_files.andor import SIF_MARK, read_sif
from raman_pipeline.spectra.user_files.decoding import text_of, unpacked
from raman_pipeline.spectra.user_files.instruments import read_spc, read_wdf
from raman_pipeline.spectra.user_files.jcamp_dx import read_jcamp
from raman_pipeline.spectra.user_files.layout import find_spectra
from raman_pipeline.spectra.user_files.numbers import read_rows
from raman_pipeline.spectra.user_files.opus_omnic import (
    OPUS_MARK,
    SPA_MARK,
    read_opus,
    read_spa,
)
from raman_pipeline.spectra.user_files.plain_layouts import (
    is_labspec_xml,
    is_rod,
    is_truematch,
    read_labspec_xml,
    read_rod,
    read_truematch,
)
from raman_pipeline.spectra.user_files.spectrum import (
    Found,
    ReadOptions,
    Spectrum,
    SpectrumFileError,
    UnreadableError,
    as_spectrum,
)

__all__ = [
    "ReadOptions",
    "Spectrum",
    "SpectrumFileError",
    "find_each",
    "read_content",
    "read_each",
    "read_spectra",
]

_JCAMP = re.compile(r"^\s*##\s*JCAMP", re.IGNORECASE | re.MULTILINE)
_JCAMP_SUFFIXES = (".jdx", ".dx", ".jcm", ".jcamp")


def read_spectra(path: Path, options: ReadOptions | None = None) -> list[Spectrum]:
    """Reads all spectra of a file.

    Args:
        path: of the file.
        options: what the user says of it.

    Raises:
        SpectrumFileError: the file is missing, empty or broken, it is ambiguous which numbers
            are the spectra, or one of them is no spectrum.
    """
    found = read_each(path, options)
    for one in found:
        if isinstance(one, SpectrumFileError):
            raise one
    return [one for one in found if isinstance(one, Spectrum)]


def read_each(
    path: Path, options: ReadOptions | None = None, name: str = ""
) -> list[Spectrum | SpectrumFileError]:
    """Reads the spectra of a file, and says what is wrong with those that are unusable.

    Args:
        path: of the file.
        options: what the user says of it.
        name: for results and messages; by default the path.

    Raises:
        SpectrumFileError: the file as a whole cannot be read for sure.
    """
    path, whole = Path(path), name or str(path)
    return read_content(_content(path, whole), whole, options, path)


def find_each(path: Path, options: ReadOptions | None = None) -> Sequence[Found | UnreadableError]:
    """Returns what a file holds before it is known to be spectra; see `read_each`.

    Raises:
        SpectrumFileError: the file as a whole cannot be read for sure.
    """
    return _find(_content(path, str(path)), str(path), options or ReadOptions(), path)


def _content(path: Path, whole: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SpectrumFileError(
            f"{whole}: cannot be read ({error.strerror}); check the name"
        ) from error


def read_content(
    data: bytes, name: str, options: ReadOptions | None = None, path: Path | None = None
) -> list[Spectrum | SpectrumFileError]:
    """Reads the spectra in the content of a file; see `read_each`.

    Args:
        data: the content.
        name: for results and messages; its suffix tells some formats.
        options: what the user says of the file.
        path: of the file, if there is one.

    Raises:
        SpectrumFileError: the file as a whole cannot be read for sure.
    """
    options, whole = options or ReadOptions(), name
    found = _find(data, whole, options, path)
    spectra: list[Spectrum | SpectrumFileError] = []
    for number, one in enumerate(found, start=1):
        of_it = f"{whole}#{number}" if len(found) > 1 else whole
        try:
            if isinstance(one, UnreadableError):
                raise one
            spectra.append(as_spectrum(of_it, one, options))
        except UnreadableError as error:
            spectra.append(SpectrumFileError(f"{of_it}: {error}"))
    return spectra


def _find(
    data: bytes, whole: str, options: ReadOptions, path: Path | None
) -> Sequence[Found | UnreadableError]:
    if not data.strip():
        raise SpectrumFileError(f"{whole}: the file is empty; export the spectrum again")
    try:
        return _found(path, Path(whole) if path is None else path, data, options)
    except UnreadableError as error:
        raise SpectrumFileError(f"{whole}: {error}") from error


def _found(
    path: Path | None, named: Path, data: bytes, options: ReadOptions
) -> Sequence[Found | UnreadableError]:
    packed = named.suffix.lower() == ".gz"
    suffix = Path(named.stem).suffix.lower() if packed else named.suffix.lower()
    if data.startswith(b"PAR1"):
        raise UnreadableError("is a Parquet table; identify its rows with --out FOLDER")
    if data.startswith(b"WDF1") or suffix == ".wdf":
        return read_wdf(path, data)
    data = unpacked(data)
    if suffix == ".spc":
        return read_spc(data)
    if data.startswith(OPUS_MARK):
        return read_opus(data)
    if data.startswith(SPA_MARK):
        return read_spa(data)
    if data.startswith(SIF_MARK):
        return read_sif(data)
    start = data[:4000]
    if is_labspec_xml(start):
        return read_labspec_xml(data)
    if is_truematch(start):
        return read_truematch(text_of(data))
    if is_rod(data):
        return read_rod(text_of(data))
    if suffix in _JCAMP_SUFFIXES or _JCAMP.search(data[:2000].decode("latin-1")):
        return read_jcamp(data)
    stem = Path(named.stem).stem if packed else named.stem
    if suffix == ".json":
        raise UnreadableError("is JSON, which is not read; export the spectrum as text")
    return find_spectra(read_rows(text_of(data, suffix)), options, stem)
