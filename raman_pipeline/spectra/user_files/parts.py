"""Tables one below the other in a text, each with names of its own above its columns."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.columns import header
from raman_pipeline.spectra.user_files.numbers import MAX_FRAGMENT, Rows
from raman_pipeline.spectra.user_files.spectrum import UnreadableError

_SIGNALS = ("processed", "raw", "never", "intensity")
_VALUE = re.compile(r"[\d.,]+ ?(nm|s|%|mW|$)")
_IN_WORDS = re.compile(r"[(\[].*\||\| (intens|counts?\b|cnts?\b|cps\b|signal)")
"""Names between blanks that are no title: with a unit over the axis, or `intensity` itself."""
_NO_AXIS = ("", "position", *_SIGNALS)


class Part(NamedTuple):
    """Rows of one table.

    Attributes:
        rows: with the lines between them, and those above.
        named: lines that name its columns, its own or those of the part before.
        above: lines between the part before and its rows.
    """

    rows: Rows
    named: list[str]
    above: list[str]


def parts_of(rows: Rows) -> list[Part]:
    """Returns the parts of rows above which other kinds of columns, axis or laser are stated.

    Blocks below a title or a comment, or below names of the same kinds, stay together.
    """
    above: dict[int, list[str]] = {}
    end = len(rows.lines)
    # A date alone is a row without numbers.
    filled = [*np.flatnonzero(np.isfinite(rows.values).any(axis=1)), end]
    for line, text in rows.other:
        row = np.searchsorted(filled, np.searchsorted(rows.lines, line))
        above.setdefault(int(filled[row]), []).append(text)
    gaps = sorted({0, *above} - {end})
    starts, kinds, laser, axis = {0: above.get(0, [])}, None, None, ""
    for start, stop in zip(gaps, [*gaps[1:], end], strict=True):
        if stop - start <= MAX_FRAGMENT:
            continue
        said = above.get(start, [])
        own = _kinds(_slice(rows, start, stop), said)
        new_laser, new_axis = names.stated_laser(said), names.stated_axis(said)
        other = (own and own != kinds) or (new_laser and new_laser != laser)
        if start and (other or (new_axis and new_axis != axis)):
            last = [*starts.values()][-1]
            starts[start] = said if own else [*last, *said]
        kinds, laser, axis = own or kinds, new_laser or laser, new_axis or axis
    if len(starts) > 1 and [*starts][1] <= MAX_FRAGMENT:
        del starts[0]
    bounds = zip([0, *[*starts][1:]], starts, [*[*starts][1:], end], strict=True)
    return [_part(rows, *some, named) for some, named in zip(bounds, starts.values(), strict=True)]


def _part(rows: Rows, after: int, start: int, stop: int, named: list[str]) -> Part:
    """Returns rows and the lines above them, from the row `after` on."""
    low = rows.lines[after - 1] if after else 0
    high = rows.lines[stop - 1] if stop < len(rows.lines) else np.inf
    part = rows if stop - start == len(rows.lines) else _slice(rows, start, stop)
    part = replace(part, other=[(line, text) for line, text in rows.other if low < line < high])
    above = [text for line, text in part.other if line < part.lines[0]]
    return Part(part, named if start else above, above)


def _slice(rows: Rows, start: int, stop: int) -> Rows:
    """Returns some rows without columns that are empty in all of them, at the end."""
    values = rows.values[start:stop]
    filled = np.flatnonzero(np.isfinite(values).any(axis=0))
    width = max(int(filled.max(initial=0)) + 1, 2)
    return replace(
        rows,
        lines=rows.lines[start:stop],
        values=values[:, :width],
        empty_at_end=rows.empty_at_end + values.shape[1] - width,
    )


def _kinds(rows: Rows, above: list[str]) -> list[str] | None:
    """Returns the kinds of the columns that lines above rows name; None where they name no axis."""
    try:
        named = header(rows, above, ())
    except UnreadableError:
        return above  # more names than columns, or fewer: refused where they are read
    kinds = [names.column_kind(name) for name in named or ()]
    # `Time`, `point spectrum` are titles, and `Raman, 532 nm` are values.
    axis = [k for k in kinds if k not in _NO_AXIS or (k == "position" and len(kinds) == 2)]
    if rows.dialect.delimiter == " ":
        divided = bool(named and _IN_WORDS.search(" | ".join(map(names.plain, named))))
    else:
        cells = (rows.dialect.split(text.lstrip("#% ")) for text in above)
        divided = any(len(some) == len(kinds) for some in cells)
    sure = any(k in names.SPECTRAL for k in axis)
    sure |= divided and any(k in _SIGNALS for k in kinds)
    values = len(kinds) == 2 and any(map(_VALUE.match, named or ()))
    return kinds if axis and sure and not values else None
