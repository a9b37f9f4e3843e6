"""JCAMP-DX: its blocks, each checked against its own header.

Compressed data are read by jcamp (MIT). It averages nothing and checks little, so the number of
points and both ends of the axis are compared with ##NPOINTS, ##FIRSTX and ##LASTX here.
"""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout

import numpy as np

from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.decoding import text_of
from raman_pipeline.spectra.user_files.spectrum import Found, UnreadableError

_HEADER = re.compile(r"^\s*##\s*([^=\n]*?)\s*=[ \t]*(.*)$", re.MULTILINE)
_OTHER_TECHNIQUES = ("INFRARED", "UV", "VISIBLE", "NMR", "MASS", "X-RAY", "TERAHERTZ")
_NEEDED = ("NPOINTS", "FIRSTX", "LASTX")
"""Of compressed data, which hold no axis."""
_CHECK = re.compile(r"X-Check failed. Expected value is (\S+) but (\S+) has")
_EXPORT = "export it again, or as text with two columns"


def read_jcamp(data: bytes) -> list[Found | UnreadableError]:
    """Returns the spectra of all blocks, or why one is no Raman spectrum.

    Raises:
        UnreadableError: there are no blocks of data.
    """
    text = re.sub(r"\$\$.*", "", text_of(data))
    blocks = re.split(r"(?=^\s*##\s*TITLE\s*=)", text, flags=re.MULTILINE | re.IGNORECASE)
    found: list[Found | UnreadableError] = []
    for block in blocks:
        try:
            spectrum = _read_block(block)
        except UnreadableError as error:
            found.append(error)
            continue
        if spectrum:
            spectrum.columns = f"block {len(found) + 1} {spectrum.columns!r}"
            found.append(spectrum)
    if not found:
        raise UnreadableError(f"no JCAMP-DX data in it (##XYDATA or ##XYPOINTS); {_EXPORT}")
    return found


def _read_block(block: str) -> Found | None:
    headers = {re.sub(r"[ _-]", "", k).upper(): v.strip() for k, v in _HEADER.findall(block)}
    technique = headers.get("DATATYPE", "").upper()
    if any(word in technique for word in _OTHER_TECHNIQUES) and "RAMAN" not in technique:
        raise UnreadableError(
            f"it says {technique}: only Raman spectra are identified; if it is one, "
            "correct ##DATA TYPE"
        )
    if "PEAKTABLE" in headers or "PEAKASSIGNMENTS" in headers:
        raise UnreadableError("holds a list of peaks and no spectrum; export the spectrum")
    form = headers.get("XYDATA") or headers.get("XYPOINTS")
    if form is None:
        return None
    start = re.search(r"^\s*##\s*XY(?:DATA|POINTS)\s*=.*\n", block, re.MULTILINE | re.IGNORECASE)
    rows = re.split(r"^\s*##", block[start.end() :] if start else "", flags=re.MULTILINE)[0]
    points = _number(headers, "NPOINTS")
    if "++" in form:
        if missing := [k for k in _NEEDED if _number(headers, k) is None]:
            raise UnreadableError(f"##{missing[0]} is missing or no number; {_EXPORT}")
        x, y = _read_compressed(block, rows)
    else:
        x, y = _read_pairs(rows, points)
        x = x * (_number(headers, "XFACTOR") or 1.0)
        y = y * (_number(headers, "YFACTOR") or 1.0)
    if points is not None and x.size != points:
        raise UnreadableError(f"{x.size} points where ##NPOINTS says {points:g}; {_EXPORT}")
    if x.size > 1:
        step = np.ptp(x) / (x.size - 1)
        for key, value in (("FIRSTX", x[0]), ("LASTX", x[-1])):
            said = _number(headers, key)
            if said is not None and abs(said - value) > max(step, 1e-3 * abs(value)):
                raise UnreadableError(f"##{key} says {said:g}, its data {value:g}; {_EXPORT}")
    unit = headers.get("XUNITS", "")
    kind = "" if unit.upper() == "ARBITRARY UNITS" else names.kind_of_unit(unit)
    laser = names.stated_laser(f"{k}={v}" for k, v in _HEADER.findall(block))
    notes = [] if "RAMAN" in technique else ["the file does not say that it is a Raman spectrum"]
    found = Found(x, y, kind, "JCAMP-DX", headers.get("TITLE", ""), laser, notes)
    quantity = headers.get("YUNITS", "")
    wrong = ("TRANSMIT",) if "RAMAN" in technique else ("TRANSMIT", "ABSORB")
    if any(word in quantity.upper() for word in wrong):
        found.other_technique = quantity
    return found


def _number(headers: dict[str, str], key: str) -> float | None:
    try:
        return float(headers[key].replace(",", "."))
    except (KeyError, ValueError):
        return None


def _read_pairs(rows: str, points: float | None) -> np.ndarray:
    """Returns the pairs of (XY..XY), float64 [2, n], with decimal commas where only they fit."""
    as_points = re.split(r"[\s,;]+", rows.strip(" \t\n,;"))
    as_commas = [cell.replace(",", ".") for cell in re.split(r"[\s;]+", rows.strip(" \t\n;"))]
    commas = re.search(r"\d,\d", rows) and "." not in rows and not re.search(r",\s", rows)
    if commas and points is None:
        raise UnreadableError(f"commas between numbers or in them, and no ##NPOINTS; {_EXPORT}")
    if commas and points is not None and len(as_points) != 2 * points:
        as_points = as_commas
    try:
        values = np.array(as_points, dtype=np.float64)
        return values.reshape(-1, 2).T
    except ValueError as error:
        raise UnreadableError(f"its data are not pairs of numbers ({error}); {_EXPORT}") from error


def _read_compressed(block: str, rows: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns axis and intensity of (X++(Y..Y))."""
    import jcamp

    if "." not in rows and re.search(r"\d,\d", rows):
        block = block.replace(rows, rows.replace(",", "."))
    printed = io.StringIO()
    try:
        # The library prints what it finds wrong.
        with redirect_stdout(printed):
            found = jcamp.read(io.StringIO(re.sub(r"^\s*##", "##", block, flags=re.MULTILINE)))
        x, y = (np.asarray(found[key], dtype=np.float64) for key in "xy")
    except Exception as error:
        raise UnreadableError(
            f"not a complete JCAMP-DX file ({error or type(error).__name__}); {_EXPORT}"
        ) from error
    if check := _CHECK.search(printed.getvalue()):
        raise UnreadableError(
            f"a row of its data begins at {check[1]}, and by ##FIRSTX, ##LASTX and ##NPOINTS at "
            f"{float(check[2]):g}: points are missing, or these are wrong; {_EXPORT}"
        )
    if "failed" in printed.getvalue():
        raise UnreadableError(f"{printed.getvalue().splitlines()[0].strip()} {_EXPORT}")
    if x.size != y.size:
        raise UnreadableError(f"{y.size} points where ##NPOINTS says {x.size}; {_EXPORT}")
    return x, y
