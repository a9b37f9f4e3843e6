"""The spectra in rows of numbers: which column is the axis, which are intensities, how many.

What the names say is believed; what they do not say is not guessed, but refused with what was seen
and how to say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from raman_pipeline.spectra.quality import GAP_STEPS
from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.across import (
    are_in_rows,
    leading,
    place_of,
    spectra_in_rows,
)
from raman_pipeline.spectra.user_files.columns import choose, header, refuse_cut_decimals
from raman_pipeline.spectra.user_files.numbers import MAX_FRAGMENT, WIDE, Rows
from raman_pipeline.spectra.user_files.parts import parts_of
from raman_pipeline.spectra.user_files.scans import witec_places, witec_points
from raman_pipeline.spectra.user_files.spectrum import (
    MIN_POINTS,
    Floats,
    Found,
    ReadOptions,
    UnreadableError,
)

Integers = npt.NDArray[np.int64]

_FILLING = 3
"""Points of another part in a gap that are no chance."""


def find_spectra(rows: Rows, options: ReadOptions, stem: str = "") -> list[Found | UnreadableError]:
    """Returns the spectra of a text, or why one is none.

    Args:
        rows: the rows of numbers, and the lines between them.
        options: what the user says of the file.
        stem: its name without suffixes, which may stand above the axis.

    Raises:
        UnreadableError: the layout is ambiguous.
    """
    first = rows.lines[0]
    above = [text for line, text in rows.other if line < first]
    rruff = any(text.startswith("##RRUFFID=") for text in above)
    stated = "shift" if rruff else names.stated_axis(above)
    found: list[Found | UnreadableError] = []
    if not options.columns and rows.values.shape[1] >= WIDE and are_in_rows(rows, above):
        some = spectra_in_rows(rows, above, stated)
        _add_what_is_said(some, above)
        found += some
    else:
        parts = parts_of(rows)
        for part in parts:
            kind, lines = names.stated_axis(part.above) or stated, part.rows.lines
            try:
                some = list(_spectra_in_columns(part.rows, part.named, kind, options, stem))
            except UnreadableError as error:
                if len(parts) == 1:
                    raise
                found.append(UnreadableError(f"the table at line {lines[0]}: {error}"))
                continue
            _add_what_is_said(some, part.above, above)
            for one in some if len(parts) > 1 else ():
                one.columns += f", lines {lines[0]} to {lines[-1]}"
            found += some
        if left_out := rows.lines.index(parts[0].rows.lines[0]):
            note = f"{left_out} rows of numbers above the table left out"
            for each in found:
                if isinstance(each, Found):
                    each.notes.append(note)
    places = witec_places(above, len(found))
    for number, each in enumerate(found):
        if isinstance(each, UnreadableError):
            continue
        each.place = places[number] if places else each.place
        each.format = "RRUFF text" if rruff else "text"
        each.notes[:0] = rows.dialect.notes
    return found


def _add_what_is_said(
    found: Iterable[Found], over: list[str], above_all: Sequence[str] = ()
) -> None:
    """Adds laser and other technique, as the lines over a table say it, or those above all."""
    for one in found:
        one.laser_nm = names.stated_laser(over) or names.stated_laser(above_all)
        technique = names.other_technique(over)
        one.other_technique = technique or names.other_technique([*above_all, *over])


def _spectra_in_columns(
    rows: Rows, above: list[str], stated: str, options: ReadOptions, stem: str
) -> Iterator[Found]:
    lacking = witec_points(above) + 1 - rows.values.shape[1]
    if 0 < lacking <= rows.empty_at_end:  # the last spectra are dead
        values = np.pad(rows.values, ((0, 0), (0, lacking)), constant_values=np.nan)
        rows = replace(rows, values=values, empty_at_end=rows.empty_at_end - lacking)
    width = rows.values.shape[1]
    named = header(rows, above, options.columns)
    numbers = rows.values[0, 1:]
    # Whole numbers that count up, for a first row may just lack a value.
    counted = (numbers == np.floor(numbers)).all() and (np.diff(numbers) > 0).all()
    numbered = leading(rows) == 1 and counted
    if named is None and numbered and width > 2 and len(rows.lines) > 1:
        # Numbers name the columns; the cell above the axis may be blank.
        word = rows.labels.get(rows.lines[0], {}).get(0, "x")
        named = [word, *(f"{v:g}" for v in rows.values[0, 1:])]
        rows = replace(rows, lines=rows.lines[1:], values=rows.values[1:])
    if named is None and not options.columns and witec_points(above) == width - 1 > 1:
        named = ["x", *map(str, range(1, width))]
    if named is None:
        refuse_cut_decimals(rows)
    values = rows.values
    named = [name.strip(' "#') for name in named or [""] * width]
    kinds = [names.column_kind(name) for name in named]
    pairs, places = choose(values, named, kinds, stated, options, stem)
    described = [f'"{n}"' if n else str(i) for i, n in enumerate(named, 1)]
    used = {i for pair in pairs for i in pair}
    others = [d for i, d in enumerate(described) if i not in used]
    coordinates = names.coordinates(["" if i in used else n for i, n in enumerate(named)])
    broken = sum(
        rows.lines[0] < i < rows.lines[-1] and t.strip()[0].isdigit() for i, t in rows.other
    )
    without = int((~np.isfinite(values[:, pairs[0][0]])).sum()) if len(pairs) == 1 else 0
    scan = not options.columns and witec_points(above) == width - 1 > 1
    if scan:  # dead ones, too, for their places
        pairs = [(0, i) for i in range(1, width)]
    blocks = [
        (axis, *block)
        for axis in dict.fromkeys(axis for axis, _ in pairs)
        for block in _blocks(rows, axis, places)
    ]
    dark = {where for *_, where, title in blocks if _is_dark(title)}
    blocks = [block for block in blocks if block[2] not in dark]
    if not blocks:
        raise UnreadableError(f"all of it is dark, reference or the like ({min(dark)[2:]})")
    for of_axis, block, where, _ in blocks:
        for axis, intensity in pairs:
            if axis != of_axis:
                continue
            kind = kinds[axis] if kinds[axis] not in ("", "generic axis") else stated
            columns = f"columns {described[axis]} and {described[intensity]} of {width}"
            x, y = values[block, axis], values[block, intensity]
            measured = np.isfinite(x) & np.isfinite(y)
            there = place_of(values[block], coordinates)
            if not measured.any():
                problem = f"{columns} hold no numbers"
                if len(blocks) == 1 and not scan:
                    raise UnreadableError(problem)
                yield Found(x, y, kind, "", columns + where, place=there, problem=problem)
                continue
            if np.array_equal(x, y):
                raise UnreadableError(f"{columns} are equal: two axes; name them with --columns")
            # Columns side by side may differ in length.
            end = measured.nonzero()[0].max() + 1 if len(pairs) > 1 else x.size
            notes = [f"not read: {', '.join(others)}"] if 0 < len(others) < WIDE else []
            notes += [f"{without} rows without a value of the axis left out"] if without else []
            notes += [f"{broken} broken rows left out"] if broken else []
            notes += [f"not read: {', '.join(sorted(one[2:] for one in dark))}"] if dark else []
            yield Found(x[:end], y[:end], kind, "", columns + where, None, notes, place=there)


def _is_dark(title: str) -> bool:
    """Whether a title says that what is below it is dark, reference or the like."""
    return names.is_no_signal(title.rpartition(":")[2].strip("[]()*= "))


def _blocks(rows: Rows, axis: int, places: list[int]) -> Iterator[tuple[Integers, str, str]]:
    """Yields the rows of each spectrum, words for where they stand, and the title above them."""
    x = rows.values[:, axis]
    used = np.isfinite(x).nonzero()[0]
    if not used.size:
        raise UnreadableError("the column of the axis holds no numbers; write it without units")
    lines = np.array(rows.lines)
    steps = np.diff(x[used])
    forward = np.median(steps) >= 0 if steps.size else True
    starts = {0, *(((steps < 0) if forward else (steps > 0)).nonzero()[0] + 1)}
    for place in places:
        changes = np.diff(rows.values[used, place]).nonzero()[0] + 1
        # A time that differs in each row tells no spectra apart.
        starts |= set(changes) if changes.size < used.size / WIDE else set()
    titles = _lines_between(rows, lines[used])
    step = np.median(np.abs(steps)) if steps.size else 0
    starts |= {i for i in titles if not 0 < (steps[i - 1] if forward else -steps[i - 1]) < 3 * step}
    bounds = [*sorted(starts), used.size]
    blocks = [used[a:b] for a, b in pairwise(bounds)]
    # Numbers that stand above or below the table are none of it.
    largest = max(block.size for block in blocks)
    few = min(MAX_FRAGMENT, largest // 4)
    while blocks[0].size <= few:
        blocks = blocks[1:]
    for below in filter(lambda i: used.size - i <= few, titles):
        blocks = [block for block in blocks if block[0] < used[below]]
    left_out = used.size - sum(b.size for b in blocks)
    where = f"; {left_out} rows of numbers around the table left out" if left_out else ""
    if min(block.size for block in blocks) < MIN_POINTS and (places or titles) and len(blocks) > 1:
        row = min(blocks, key=len)
        raise UnreadableError(
            f"{len(blocks)} spectra or tables in it, and that at line {lines[row[0]]} has only "
            f"{row.size} points; at least {MIN_POINTS} are needed"
        )
    if len(blocks) == 1 or min(block.size for block in blocks) < MIN_POINTS:
        yield _isolated(x, np.concatenate(blocks)), where, ""
        return
    _refuse_windows(x, lines, blocks)
    _refuse_misplaced_rows(x, lines, blocks)
    for block in blocks:
        title = titles.get(int(np.searchsorted(used, block[0])), "")
        label = ", ".join(f"{v:g}" for v in rows.values[block[0], places])
        label = label or ", ".join(rows.labels.get(int(lines[block[0]]), {}).values())
        label = label or title[:60]
        label = f" ({label})" if label else ""
        yield block, f", lines {lines[block[0]]} to {lines[block[-1]]}{label}{where}", title


def _isolated(x: Floats, rows: Integers) -> Integers:
    """Returns rows without a first one far off the others: a number above the table."""
    steps = np.abs(np.diff(x[rows]))
    if steps.size > MIN_POINTS and steps[0] > 5 * steps[1:].max() > 0:
        return rows[1:]
    return rows


def _refuse_windows(x: Floats, lines: Integers, blocks: list[Integers]) -> None:
    for before, after in pairwise(blocks):
        low = max(x[before].min(), x[after].min())
        high = min(x[before].max(), x[after].max())
        smaller = min(np.ptp(x[before]), np.ptp(x[after]))
        if 0 <= high - low < 0.5 * smaller:
            raise UnreadableError(
                f"{low:g} to {high:g} was measured twice: a second window begins at line "
                f"{lines[after[0]]}; join the windows, or save each in a file of its own"
            )


def _refuse_misplaced_rows(x: Floats, lines: Integers, blocks: list[Integers]) -> None:
    """Refuses parts of one spectrum: the points that a gap of one part lacks are in the other."""
    for before, after in pairwise(blocks):
        for part, other in ((before, after), (after, before)):
            steps = np.abs(np.diff(x[part]))
            widest = int(steps.argmax())
            low, high = sorted(x[part[widest : widest + 2]])
            inside = int(((x[other] > low) & (x[other] < high)).sum())
            if steps[widest] > GAP_STEPS * np.median(steps) and inside >= _FILLING:
                raise UnreadableError(
                    f"its axis goes back from {x[before[-1]]:g} to {x[after[0]]:g} at line "
                    f"{lines[after[0]]}, and the points are parts of one spectrum: a broken row, "
                    "or rows out of order; correct it, or export the spectrum again"
                )


def _lines_between(rows: Rows, lines: Integers) -> dict[int, str]:
    """Returns the words between rows, by the number of the row after them.

    Left out are broken rows, comments, and the lines above the table where they are repeated.
    """
    above = {text.strip() for line, text in rows.other if line < lines[0]}
    found = {}
    for line, text in rows.other:
        text = text.strip()
        row = int(np.searchsorted(lines, line))
        known = text in above or text[0].isdigit() or text.startswith(("#", "%", "//"))
        if 0 < row < lines.size and not known:
            found[row] = text
    return found
