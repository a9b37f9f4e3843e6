"""Spectra in the rows of a text, below their axis: series and maps."""

from __future__ import annotations

import numpy as np

from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.columns import is_axis, is_in_nm
from raman_pipeline.spectra.user_files.numbers import WIDE, Rows
from raman_pipeline.spectra.user_files.spectrum import Floats, Found, Place, UnreadableError


def leading(rows: Rows) -> int:
    """Returns the blank cells or words that the first row begins with."""
    finite = np.isfinite(rows.values[0])
    return int(np.argmax(finite)) if finite.any() else finite.size


def are_in_rows(rows: Rows, above: list[str]) -> bool:
    """Whether a row is a spectrum, as the place of the axis shows: in the first row or column.

    Raises:
        UnreadableError: both could be the axis.
    """
    values, lead = rows.values, leading(rows)
    last = np.isfinite(values[0]).nonzero()[0].max(initial=-1) + 1
    across = is_axis(values[0, lead:last])
    down = is_axis(values[int(lead > 0) :, 0][np.isfinite(values[int(lead > 0) :, 0])])
    words = [*rows.labels.get(rows.lines[0], {}).values()]
    before = ("time", "position", "pixel or row numbers")
    if names.coordinates(words) or any(names.column_kind(w) in before for w in words):
        return across
    if across and down and not any("axis type" in names.plain(text) for text in above):
        raise UnreadableError(
            "its first row and its first column could both be the axis: are the spectra in rows or "
            "in columns? If in columns, name them, as in --columns 1,2; if in rows, remove the "
            "first column"
        )
    return across


def place_of(values: Floats, coordinates: tuple[int, int, str] | None) -> Place | None:
    """Returns the place of some rows; None unless it is stated, and the same in all of them."""
    if coordinates is None:
        return None
    x, y, unit = coordinates
    there = values[:, [x, y]]
    if not (np.isfinite(there).all() and (there == there[0]).all()):
        return None
    return Place(float(there[0, 0]), float(there[0, 1]), unit)


def spectra_in_rows(rows: Rows, above: list[str], stated: str) -> list[Found]:
    """Returns the spectra of rows, those without numbers, too, for their places.

    Args:
        rows: the first is the axis.
        above: lines above them.
        stated: kind of axis that these state.

    Raises:
        UnreadableError: a value of the axis is lost, another row may be one, or there is none.
    """
    lead = leading(rows)
    words = _words_before(rows, 0, lead)
    kinds = map(names.axis_kind, words)
    kind = next((k for k in kinds if k in names.SPECTRAL), stated)
    before = words or names.labspec_columns(above)
    coordinates = names.coordinates(before) if len(before) == lead else None
    keep = np.isfinite(rows.values[0]) & (np.arange(rows.values.shape[1]) >= lead)
    axis = rows.values[0, keep]
    _refuse_lost_value(axis)
    if rows.first_shorter and len(rows.lines) == 2:
        raise UnreadableError(
            f"line {rows.lines[1]} has {rows.first_shorter} values more than the axis in line "
            f"{rows.lines[0]}: which belong to it is ambiguous"
        )
    found: list[Found] = []
    left_out = []
    for row in range(1, len(rows.lines)):
        intensity = rows.values[row, keep]
        words = _words_before(rows, row, lead)
        if _is_no_spectrum(words, intensity, axis, first=not found):
            left_out.append(f"line {rows.lines[row]} ({', '.join(words)})")
            continue
        if is_axis(intensity) or is_in_nm(intensity):
            raise UnreadableError(
                f"line {rows.lines[row]} could be an axis as line {rows.lines[0]} is; "
                "write one spectrum per file"
            )
        place = [f"{v:g}" for v in rows.values[row, :lead] if np.isfinite(v)]
        label = ", ".join([*words, *place])
        columns = f"line {rows.lines[row]}" + (f" ({label})" if label else "")
        columns += f", spectra in rows, axis in line {rows.lines[0]}"
        there = place_of(rows.values[row : row + 1], coordinates)
        one = Found(axis, intensity, kind, "", columns, place=there)
        if not np.isfinite(intensity).any():
            one.problem = f"line {rows.lines[row]} holds no numbers"
        elif not np.isfinite(intensity[-1]):
            # Which cell is missing is unknown, and those after it stand a column too early.
            one.problem = (
                f"line {rows.lines[row]} has fewer values than the axis in line {rows.lines[0]}"
            )
        found.append(one)
    if not found:
        raise UnreadableError(
            f"{left_out[0]} is no Raman spectrum, and there is no other"
            if left_out
            else "one row of numbers: an axis without intensities"
        )
    if left_out:
        for one in found:
            one.notes.append(f"not read: {', '.join(left_out[:WIDE])}")
    return found


def _words_before(rows: Rows, row: int, lead: int) -> list[str]:
    """Returns the words in the first cells of a row."""
    return [word for i, word in rows.labels.get(rows.lines[row], {}).items() if i < lead]


def _is_no_spectrum(words: list[str], values: Floats, axis: Floats, first: bool) -> bool:
    """Whether the words before a row say that it is dark, an error or the like, or an axis.

    Args:
        words: before it.
        values: of the row.
        axis: the first row.
        first: whether no spectrum stands above: below one, another axis is that of what follows.
    """
    if any(map(names.is_no_signal, words)):
        return True
    steps = np.diff(values)
    monotone = bool((steps > 0).all() or (steps < 0).all())
    kinds = {names.axis_kind(word) for word in words} if monotone else set()
    other_unit = not kinds.isdisjoint(("nm", "absolute"))
    return (first and other_unit) or ("shift" in kinds and np.array_equal(values, axis))


def _refuse_lost_value(axis: Floats) -> None:
    """Refuses an axis with one step twice as long as the others: intensities may be off by one."""
    steps = np.abs(np.diff(axis))
    relative = steps / np.median(steps)
    long = (relative > 1.6) & (relative < 2.4)  # A wider gap is one that was measured so.
    if long.sum() == 1 and (relative <= 1.6).sum() == steps.size - 1:
        at = int(long.argmax())
        raise UnreadableError(
            f"its axis goes from {axis[at]:g} to {axis[at + 1]:g} in one step, the others are half "
            "as long: a value is lost; save the file again"
        )
