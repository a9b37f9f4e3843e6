"""The columns of a table: what they are named, which is the axis, and which are intensities."""

from __future__ import annotations

import re

import numpy as np

from raman_pipeline.spectra.user_files import names
from raman_pipeline.spectra.user_files.numbers import WIDE, Rows
from raman_pipeline.spectra.user_files.spectrum import Floats, ReadOptions, UnreadableError

_VALUE = re.compile(r"^[<>~]?[-+]?[\d.,]+\s*\S{0,8}$")
_DECIMAL = re.compile(r"[-+]?\d*[.,]?\d+$")
_GLUED = re.compile(r"[^\W\d_]{3}\d{2,}[.,]\d\d+$")
"""A word that runs into a number with decimals, as where a break of the line was lost."""
_AXES = ("shift", "nm", "absolute", "generic axis")
_OTHER_AXES = ("pixel or row numbers", "time", "another unit")
_ENDS_IN_DECIMALS = re.compile(r"\d[.,]\d+$")
_OF_TITLES = re.compile("spe[ck]tr|sample|prob[ea]", re.IGNORECASE)
_HEADER_LINES = 4
_CHOOSE = "name the axis and the intensities with --columns, as in --columns"


def header(rows: Rows, above: list[str], columns: tuple[str, ...]) -> list[str] | None:
    """Returns the names of the columns from the lines above the rows; None where there are none.

    Args:
        rows: the rows of numbers.
        above: the lines above them.
        columns: as the user names them. If by words, the nearest line holds their names, whatever
            they say.
    """
    width = rows.values.shape[1]
    tail = [text for text in above if text.strip()][-width:]
    if len(tail) == width and all(t.strip().startswith("_") for t in tail):
        return [t.strip().rpartition(".")[2].strip() for t in tail]
    for back in range(1, min(_HEADER_LINES, len(above)) + 1):
        if above[-back].startswith("##") and "=" in above[-back]:
            return None
        cells = _cells(above[-back], rows, nearest=back == 1)
        if cells is None:
            continue
        if back < len(above) and all(names.column_kind(c) and len(c) < 9 for c in cells if c):
            upper = _cells(above[-back - 1], rows, nearest=False)
            if upper:
                return [f"{a} ({b})" if b else a for a, b in zip(upper, cells, strict=True)]
            over = [] if columns else rows.dialect.split(above[-back - 1])
            if width > 2 and sum(bool(names.column_kind(c)) for c in over) > 1:
                raise UnreadableError(
                    f"{len(over)} names over {width} units: {above[-back - 1].strip()[:60]!r}; "
                    f"{_CHOOSE} 1,2, or write as many names as columns"
                )
        return cells
    if above and not all(c.isdigit() for c in columns):
        cells = rows.dialect.split(above[-1].lstrip("#% "))
        if len(cells) == width:
            return cells
    if not above:
        return None
    cells = [c for c in re.split(r"[\t;,|]", above[-1]) if c.strip()]
    known = sum(bool(names.column_kind(c)) for c in cells)
    # `Calcite, 532 nm, mean` above two columns is a title, and so is one word.
    title = width == 2 and (len(cells) <= 2 or re.search(r"[=:\d]", above[-1]))
    # Numbers between commas may be parts of one, whatever --columns says.
    doubtful = not columns or (rows.dialect.delimiter == "," and len(cells) < width)
    if known > int(width > 2) and not title and doubtful:
        raise UnreadableError(
            f"{len(cells)} names above {width} columns: {above[-1].strip()[:60]!r}; write as many "
            "names as columns, numbers with decimal points and without thousands marks"
            + ("" if rows.dialect.delimiter == "," else f", or {_CHOOSE} 1,2")
        )
    if columns or width > 2:
        return None
    return _cells(above[-1], rows, nearest=True, unknown=True)


def refuse_cut_decimals(rows: Rows) -> None:
    """Refuses columns without names between commas that may be the decimals of those before them.

    Raises:
        UnreadableError: `123,3,10876` is three numbers, or 123.3 and 10876.
    """
    whole = rows.values[np.isfinite(rows.values).all(axis=1)]
    if rows.dialect.delimiter != "," or len(whole) < 2 or (whole != np.floor(whole)).any():
        return
    digits = (whole[:, 1:] >= 0).all(axis=0) & (
        (whole[:, 1:] < 10).all(axis=0) | (np.ptp(whole[:, 1:], axis=0) == 0)
    )
    if digits.any():
        column = 2 + int(digits.argmax())
        raise UnreadableError(
            f"column {column} has no name and may be the decimals of column {column - 1}: is "
            f"{','.join(f'{v:g}' for v in whole[-1])!r} {whole.shape[1]} numbers? Write the names "
            "of the columns above them, or decimal points"
        )


def is_axis(values: Floats) -> bool:
    """Whether values could be Raman shifts: smooth, monotone, and of the usual range."""
    steps = np.diff(values)
    if values.size < WIDE or not np.isfinite(values).all() or not steps.all():
        return False
    if ((steps > 0).any() and (steps < 0).any()) or np.abs(values).max() > 6000:
        return False
    counted = values[0] in (0, 1) and (steps == steps[0]).all() and not values[0] % 1
    smooth = np.median(np.abs(np.diff(steps))) <= 0.25 * np.median(np.abs(steps))
    return bool(smooth and np.ptp(values) >= 100 and not counted)


def is_in_nm(values: Floats) -> bool:
    """Whether values could be an axis in nm, of the range of Raman spectra."""
    steps = np.diff(values)
    if values.size < WIDE or not ((steps > 0).all() or (steps < 0).all()):
        return False
    smooth = np.median(np.abs(np.diff(steps))) <= 0.25 * np.median(np.abs(steps))
    return bool(smooth and values.min() > 200 and values.max() < 2000)


def _cells(line: str, rows: Rows, nearest: bool, unknown: bool = False) -> list[str] | None:
    """Returns the names in a line above the rows; None where it holds none.

    Args:
        line: of the file.
        rows: the rows of numbers.
        nearest: whether it is the line above them.
        unknown: whether two words that say nothing are names, if divided as the rows are.
    """
    width = rows.values.shape[1]
    comment = "" if rows.dialect.delimiter == ";" else ";|"
    line = re.sub(rf"^ *(%|//|{comment}'|#(?!\s*[,;\t]))?", "", line.rstrip())
    for mark in ("dialect", r"\t+", ";", ",", r"\s{2,}", r"\s+"):
        cells = rows.dialect.split(line) if mark == "dialect" else re.split(mark, line.strip())
        cells = [c.strip(' "') for c in cells]
        if mark == "dialect":
            cells = _over_numbers(cells, rows)
        filled = [c for c in cells if c]
        # R writes no name above the numbers of the rows.
        counts = rows.values[0, 0] in (0, 1) and (np.diff(rows.values[:, 0]) == 1).all()
        if len(filled) == width - 1 > 1 and counts:
            cells = ["", *filled]
        cells = cells if len(cells) == width else filled
        if len(cells) != width:
            if mark == "dialect" and len(filled) > 1 and rows.dialect.delimiter in ",;|\t":
                return None
            continue
        # Numbers with decimal commas are no names between commas.
        if mark != "dialect" and not all(re.search(r"[^\W\d]", c) for c in filled):
            continue
        kinds = [names.column_kind(c) for c in cells]
        if any("=" in c for c in cells) or cells[0].endswith(":"):
            return None
        if _VALUE.match(cells[0]) and not kinds[0]:
            return None
        if width > 2:
            broken = kinds[0] != "shift" and any(re.fullmatch(r"[-+]?\d+[.,]\d+", c) for c in cells)
            return cells if any(kinds) and not broken else None
        # Two cells may as well be a key and its value, or two words of a title.
        axes = [k for k in kinds if k in _AXES]
        if _VALUE.match(cells[1]) and kinds[0] != "shift":
            return None
        # `Technique: Raman`, `X-axis: Raman shift`.
        if kinds[1] == "shift" and kinds[0] in ("", "generic axis"):
            return None
        if axes and (nearest or all(kinds)):
            return cells
        if kinds[0] in _OTHER_AXES and kinds[1] in ("intensity", "processed", "raw"):
            return cells
        if unknown and mark == "dialect" and rows.dialect.delimiter != " " and all(cells):
            return cells
        # Two words with a blank between them are a title, `Calcite spectrum`, or `Winkel Counts`.
        counts = not kinds[0] and kinds[1] == "intensity" and not _OF_TITLES.search(cells[1])
        return cells if nearest and any(kinds) and (mark != r"\s+" or counts) else None
    words = re.sub(r"cm ?\^?-1|1 ?/ ?cm", "cm⁻¹", line)
    if width > 2 or not nearest or names.names_laser(line) or re.search(r"[=:\d]", words):
        return None
    return names.names_in_words(line)


def _over_numbers(cells: list[str], rows: Rows) -> list[str]:
    """Returns names without those over the empty cells and words at the end of the rows."""
    width = rows.values.shape[1]
    left = len(cells) - rows.empty_at_end
    doubled = len(cells) > 2 and not any(cells[1::2])  # tabs between names, as WiRE writes them
    # Row numbers without a name in front, as R writes them.
    words = any(i >= width for row in rows.labels.values() for i in row)
    numbered = words and left == width - 1 > 1 and rows.values[0, 0] in (0, 1)
    return cells[:left] if (left == width and not doubled) or numbered else cells


def choose(
    values: Floats,
    named: list[str],
    kinds: list[str],
    stated: str,
    options: ReadOptions,
    stem: str,
) -> tuple[list[tuple[int, int]], list[int]]:
    """Returns pairs of axis and intensity, and the columns that tell where a row was measured."""
    width = values.shape[1]
    if options.columns:
        chosen = [_column(text, named) for text in options.columns]
        if len(chosen) < 2:
            raise UnreadableError("--columns needs an axis and an intensity, as in --columns 1,2")
        if len(set(chosen)) < len(chosen):
            raise UnreadableError(
                "--columns names a column twice; name the axis and then each intensity once, as in "
                "--columns 1,2"
            )
        return [(chosen[0], c) for c in chosen[1:]], []
    seen = ", ".join(f'"{n.strip()}"' for n in named[:12])
    if not any(n.strip() for n in named):
        if width == 2:
            return [(0, 1)], []
        if width >= WIDE:
            raise UnreadableError(
                f"rows of {width} numbers without Raman shifts: write these above them, numbers "
                f"alone (cm⁻¹), if each row is a spectrum; else {_CHOOSE} 1,2"
            )
        raise UnreadableError(
            f"{width} columns without names above them; {_CHOOSE} 1,2 (and --axis cm-1), or write "
            "two columns"
        )
    unknown = [name.strip() for name in named if not names.column_kind(name)]
    axis_names = [n for n, kind in zip(named, kinds, strict=True) if kind in _AXES]
    broken = [n for n in axis_names if _ENDS_IN_DECIMALS.search(n)]
    broken += [name for name in unknown if _GLUED.search(name)]
    if any(map(_DECIMAL.match, unknown)):  # numbers name the spectra of a series, and nothing else
        broken += [name for name in unknown if name and not _DECIMAL.match(name)]
    if broken:
        raise UnreadableError(
            f'the name "{broken[0]}" runs into a number, or stands beside one: the lines above the '
            f"rows are damaged; {_CHOOSE} 1,2 if the rows are whole"
        )
    axes = [i for i, k in enumerate(kinds) if k == "shift"]
    absolute = [i for i, k in enumerate(kinds) if k == "absolute"]
    finite = [column[np.isfinite(column)] for column in values.T]
    absolute += [i for i in axes if finite[i].size and np.median(finite[i]) > 6000]
    if len(axes) > len(absolute):
        axes = [i for i in axes if i not in absolute]
    else:
        for i in absolute:
            kinds[i] = "absolute"
        nanometres = [i for i, k in enumerate(kinds) if k in ("nm", "Raman shift in nm")]
        axes = nanometres or absolute or ([0] if kinds[0] == "generic axis" else [])
    if axes and width > 3 and sum(map(names.is_place, named)) > 1:
        kinds[:] = [
            "position" if names.is_place(n) else k for n, k in zip(named, kinds, strict=True)
        ]
    if len(axes) > 1:
        if width == 2 * len(axes) and axes == list(range(0, width, 2)):
            signals = ("processed", "intensity", "raw", "")
            if good := [(a, a + 1) for a in axes if kinds[a + 1] in signals]:
                return good, []
            raise UnreadableError(f"columns {seen}: none is an intensity for sure; {_CHOOSE} 1,2")
        exact = [i for i in axes if "raman" in names.plain(named[i])]
        if len(exact) != 1:
            raise UnreadableError(
                f"{len(axes)} columns could be the axis among {seen}; {_CHOOSE} 1,2"
            )
        axes = exact
    if not axes and width == 2 and not kinds[0] and kinds[1] != "never":
        titled = names.is_title(named[0], stem) and is_axis(finite[0])
        axes = [0] if stated == "shift" or titled else []
    if not axes:
        other = [k for k in kinds[:1] if k and k not in ("processed", "intensity", "raw", "never")]
        what = f"the axis is in {other[0]}" if other and width == 2 else "none names Raman shift"
        raise UnreadableError(
            f"columns {seen}: {what}; {_CHOOSE} 1,2 --axis cm-1 if one of them is Raman shift all "
            "the same, or export Raman shift (cm⁻¹) and intensity"
        )
    rest = [i for i in range(width) if i not in axes + absolute and finite[i].size]
    elsewhere = _over_another_axis(kinds, named, finite, axes[0])
    for kind in ("processed", "intensity", "", "raw"):
        wanted = [i for i in rest if kinds[i] == kind and (kind or named[i].strip())]
        wanted = [i for i in wanted if i not in elsewhere]
        if width == 2 and not kind and not wanted:
            wanted = [i for i in rest if kinds[i] in ("", "position")]
        if wanted:
            places = [i for i in rest if kinds[i] in ("position", "time", "generic axis")]
            return [(axes[0], i) for i in wanted], [i for i in places if i not in wanted]
    raise UnreadableError(f"columns {seen}: none is an intensity for sure; {_CHOOSE} 1,2")


def _over_another_axis(
    kinds: list[str], named: list[str], columns: list[Floats], axis: int
) -> set[int]:
    """Returns intensities that stand beside another axis than that of the Raman spectrum.

    Right of it, they are those after a further axis that comes after an intensity; left of it,
    where there are others on its right, those after any axis.
    """

    def signal(i: int) -> bool:
        return kinds[i] in ("processed", "intensity", "raw") or bool(
            not kinds[i] and named[i].strip()
        )

    found: set[int] = set()
    measured: set[str] = set()
    other = counter = False
    for i in range(axis + 1, len(kinds)):
        if signal(i):
            # Raw counts, pixel, corrected: one spectrum, and a counter between.
            found |= {i} if other or (counter and kinds[i] in measured) else set()
            measured.add(kinds[i])
        elif measured and kinds[i] in ("another unit", "nm", "time", "position", "generic axis"):
            steps = np.diff(columns[i])  # `785 nm` may be the name of a sample
            other |= bool(steps.size and ((steps > 0).all() or (steps < 0).all()))
        elif measured and kinds[i] == "pixel or row numbers":
            counter = True
    if measured:
        axes = (*_AXES, *_OTHER_AXES, "position")
        first = next((i for i in range(axis) if kinds[i] in axes), axis)
        found |= {i for i in range(first, axis) if signal(i)}
    return found


def _column(text: str, named: list[str]) -> int:
    wanted = names.plain(text)
    plain = [names.plain(name) for name in named]
    exact = [i for i, name in enumerate(plain) if name == wanted]
    found = exact or [i for i, name in enumerate(plain) if wanted and wanted in name]
    if not exact and text.strip().isdigit() and 1 <= int(text) <= len(named):
        return int(text) - 1
    if len(found) != 1:
        seen = ", ".join(f'{i} "{name.strip()}"' for i, name in enumerate(named[:20], 1))
        raise UnreadableError(f"--columns: {text!r} is not one of its columns {seen}")
    return found[0]
