"""The mineral that the name of a file or column states, if it states one beyond doubt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from raman_pipeline.learning.identification.own import OwnLibraryError

_TOKEN = re.compile(r"\d+[^\W_]*|[^\W\d_]+")
_CODE = re.compile(r"\b[^\W\d_]{1,3}(?=\d)")
"""Up to three letters before digits, such as `R040070` and `x50`."""
_SAYS_NOTHING = frozenset(
    ("raw", "processed", "raman", "spectrum", "spectra", "data", "sample", "specimen", "copy", "nm",
     "laser", "corrected", "baseline", "background", "smoothed", "averaged", "oriented", "scan",
     "unoriented", "depolarized", "ccw", "cw", "measurement", "point", "spot", "crystal", "grain",
     "powder", "rruff")
)  # fmt: skip
"""Words beside the name of a mineral that do not speak against it."""


def mineral_of(text: str, minerals: Sequence[str]) -> str:
    """Returns the mineral that a name starts with: `Calcite_12`, `Calcite (1)`, `calcite 532nm`.

    Args:
        text: the name, without the suffix of a file.
        minerals: known names.

    Raises:
        OwnLibraryError: it starts with none, or other words follow (`Calcite_Quartz`,
            `Calcite-rich mud`); the message says near names and how to state the mineral.
    """
    known = {"".join(_tokens(name)): name for name in minerals}
    tokens = _tokens(text)
    for count in range(len(tokens), 0, -1):
        if name := known.get("".join(tokens[:count])):
            break
    else:
        near = get_close_matches("".join(tokens[:1]), known, n=3, cutoff=0.7)
        offered = f" (near it: {', '.join(known[n] for n in near)})" if near else ""
        raise OwnLibraryError(f'"{text}" starts with no mineral of the library{offered}; {SAY_IT}')
    codes = {*_CODE.findall(_plain(text).replace("_", " ")), *_SAYS_NOTHING}
    said = (t for t in tokens[count:] if t.isalpha())
    rest = [t for t in said if t in known or (len(t) > 1 and t not in codes)]
    if rest:
        raise OwnLibraryError(
            f'"{text}" may be {name}, but what is "{" ".join(rest)}"? If it is, {SAY_IT}'
        )
    return name


SAY_IT = (
    "call it MINERAL_1, or state the mineral of these files with --mineral; a mineral that RRUFF "
    "does not have needs that, too"
)


def stem_of(file: str) -> str:
    """Returns the name of a file without its folder and suffixes."""
    path = Path(file)
    return Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def column_of(columns: str, name: str) -> str:
    """Returns the name of the intensity column of a spectrum.

    Args:
        columns: what was read (see `Spectrum.columns`).
        name: of the spectrum, for the message.

    Raises:
        OwnLibraryError: the column has no name.
    """
    if found := re.search(r' and "([^"]+)" of \d', columns):
        return found[1]
    raise OwnLibraryError(
        f"{name}: the intensities have no name over their column ({columns or 'no columns'}); "
        "write the mineral there, or use --mineral-from name"
    )


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(_plain(text))


def _plain(text: str) -> str:
    """Returns a text without accents, in lower case."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold()
