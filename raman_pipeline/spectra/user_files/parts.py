"""Tables one below the other in a text, each with names of its own above its columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.columns import header
from raman_pipeline.spectra.user_files.numbers import MAX_FRAGMENT, Rows
from raman_pipeline.spectra.user_files.spectrum import UnreadableError

_COMMENTS = ("#", "%", "//")
_NO_AXIS = ("", "position", "processed", "raw", "never", "intensity")


def parts_with_names(rows: Rows) -> list[tuple[Rows, list[str]]]:
    """Returns the parts of rows above which columns of other kinds are named, and the lines above.

    Blocks below a title or a comment, or below names of the same kinds, stay together.
    """
    above: dict[int, list[str]] = {}
    for line, text in rows.other:
        above.setdefault(int(np.searchsorted(rows.lines, line)), []).append(text)
    end = len(rows.lines)
    gaps = sorted({0, *above} - {end})
    starts, named = [0], None
    for start, stop in zip(gaps, [*gaps[1:], end], strict=True):
        if stop - start <= MAX_FRAGMENT:
            continue
        own = _kinds(_slice(rows, start, stop), above.get(start, []))
        if start and own and own != named:
            starts.append(start)
        named = own or named
    if len(starts) > 1 and starts[1] <= MAX_FRAGMENT:
        del starts[0]
    bounds = zip([0, *starts[1:]], starts, [*starts[1:], end], strict=True)
    return [_part(rows, *some) for some in bounds]


def _part(rows: Rows, after: int, start: int, stop: int) -> tuple[Rows, list[str]]:
    """Returns rows and the lines above them, from the row `after` on."""
    low = rows.lines[after - 1] if after else 0
    high = rows.lines[stop - 1] if stop < len(rows.lines) else np.inf
    part = rows if stop - start == len(rows.lines) else _slice(rows, start, stop)
    part = replace(part, other=[(line, text) for line, text in rows.other if low < line < high])
    return part, [text for line, text in part.other if line < part.lines[0]]


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
    said = [text for text in above if not text.lstrip().startswith(_COMMENTS)]
    try:
        named = header(rows, said or above, ())
    except UnreadableError:
        return said  # more names than columns, or fewer: refused where they are read
    kinds = [names.column_kind(name) for name in named or ()]
    if all(kind in _NO_AXIS for kind in kinds):
        return None
    if len(kinds) == 2 and any(name[:1].isdigit() for name in named or ()):  # `Raman, 532 nm`
        return None
    return kinds
