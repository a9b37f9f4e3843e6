"""The text of a user's file, whatever its encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator

from raman_pipeline.spectra.user_files.spectrum import UnreadableError

_MAX_UNPACKED = 500_000_000
_SUFFIXES = {
    ".l5s": "a file of LabSpec; save it as XML or text",
    ".l6s": "a file of LabSpec; save it as XML or text",
    ".l6m": "a map of LabSpec; save it as XML or text",
    ".ngs": "a file of LabSpec; save it as XML or text",
    ".jws": "a file of JASCO (JWS); export it as text or JCAMP-DX",
    ".spe": "an SPE file of Princeton Instruments; export it as CSV",
    ".map": "a map of OMNIC; save its spectra as CSV",
    ".spg": "a group of OMNIC; save its spectra as CSV",
    ".mdt": "a file of NT-MDT; export it as text",
}
"""What a file is that is no text, by its suffix."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KINDS = (
    (b"WIT_PR", "a WITec project; export the spectra as ASCII"),
    (b"WIT_DA", "a WITec file; export the spectra as ASCII"),
    (b"Spectral Exte File", "a series of OMNIC (SRS); save its spectra as CSV"),
    (b"PEPE", "a file of PerkinElmer (SP); export it as ASCII"),
    (b"\x89HDF", "an HDF5 file; export the spectrum as text"),
    (b"CDF\x01", "a netCDF file; export the spectrum as text"),
    (b"SQLite format 3", "a database (SQLite); export the spectrum as text"),
    (b"MATLAB 5.0", "a file of MATLAB; write the spectrum as text"),
    (b"\x93NUMPY", "an array of NumPy; write the spectrum as text"),
    (b"<?xml", "XML of a layout that is not read; export the spectrum as text"),
    (b"PK\x03\x04", "packed (zip, or a workbook of Excel); unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook of Excel or the like; save the sheet as CSV"),
    (b"%PDF", "a PDF; export the numbers as text"),
    (b"\x89PNG", "a picture; export the numbers as text"),
    (b"\xff\xd8\xff", "a picture; export the numbers as text"),
    (b"BZh", "packed (bzip2); unpack it"),
    (b"\xfd7zXZ", "packed (xz); unpack it"),
    (b"7z\xbc\xaf", "packed (7z); unpack it"),
)
# Words that tell how a text of another script is encoded.
_OTHER_SCRIPTS = re.compile(
    "拉曼|位移|波数|波长|强度|像素|ラマン|波数|波長|強度|ピクセル|раман|интенс|длина|волн|пиксел",
    re.IGNORECASE,
)
# Signs that stand for ASCII ones between numbers, and the end-of-file sign of DOS.
_SIGNS = str.maketrans(
    {"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\ufeff": "", "\x1a": "\n"}
)


def unpacked(data: bytes, most: int = _MAX_UNPACKED) -> bytes:
    """Returns the content of a gzip file, other bytes as they are.

    Args:
        data: of the file; a gzip file may have several members.
        most: bytes of the content.

    Raises:
        UnreadableError: the file is broken, or its content larger.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(data)).read(most + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableError(f"not a complete gzip file ({error}); unpack it") from error
    if len(content) > most:
        raise UnreadableError(f"holds more than {most // 1_000_000} MB, which is too large")
    return content


def text_of(data: bytes, suffix: str = "") -> str:
    r"""Returns the text with `\n` as line break.

    UTF-8, -16 and -32 are known by their mark, UTF-16 without one by its zero bytes. What is not
    UTF-8 is of an encoding in which words of an axis appear, or cp1252 or latin-1: a wrong guess
    there changes words, and never digits.

    Args:
        data: content of the file.
        suffix: of its name, in lower case.

    Raises:
        UnreadableError: the bytes are no text.
    """
    for start, what in _KINDS:
        if data.removeprefix(codecs.BOM_UTF8).lstrip(b" \r\n\t").startswith(start):
            raise UnreadableError(f"is {_SUFFIXES.get(suffix, what)}")
    encodings = [name for mark, name in _MARKS if data.startswith(mark)][:1]
    if not encodings and b"\0" in data:
        even, odd = data[::2].count(0), data[1::2].count(0)
        if max(even, odd) < 0.6 * len(data) / 2 or min(even, odd) > 0.02 * len(data):
            what = _SUFFIXES.get(suffix, "no text, nor of a format that is read; export it as text")
            raise UnreadableError(f"is {what}")
        encodings = ["utf-16-be" if even > odd else "utf-16-le"]
    for encoding in encodings or _encodings(data):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError as error:
            if encodings:
                raise UnreadableError(f"is not whole {encoding} text ({error.reason})") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() and "\x1a" not in text else text.translate(_SIGNS)


def _encodings(data: bytes) -> Iterator[str]:
    """Yields encodings to try; few texts need more than the first, and the next take time."""
    yield "utf-8"
    start = data[:20_000]
    for encoding in ("gb18030", "shift_jis", "cp1251", "big5", "euc_jp", "koi8-r"):
        if _OTHER_SCRIPTS.search(start.decode(encoding, "ignore")):
            yield encoding
    yield from ("cp1252", "latin-1")
