"""Rows of numbers in a text: delimiter and decimal mark, decided for the file and not for the row.

A dialect must explain all rows that are made of digits. Where two explain them, or none, the text
is refused: `100,37,118,92` is four numbers or two.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from raman_pipeline.spectra.user_files.spectrum import Floats, UnreadableError

MAX_FRAGMENT = 8
"""Rows of numbers that are no table: a date above it, a list of peaks below it."""
WIDE = 16
"""Cells from which a row may be a whole spectrum."""
_DIGITS = "0123456789"
_DIGIT = frozenset(_DIGITS)
_ALLOWED = _DIGITS + "+-.,;|eEdD\"' \t"
_NO_NUMBER = re.compile(
    r"(?<![\w#])[-+]?(?:1\.#(?:QNAN|IND|INF)\w*|nan|inf(?:inity)?|#?n/?a|null|none|-{2,}|\*+)(?![\w#])",
    re.IGNORECASE,
)
_KEY = re.compile(r"##[^=]*=")
"""Begins a line of a header, whose chemical formula may hold many numbers."""
_A_DIGIT = re.compile("[0-9]")
_A_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_ROW_WITH_WORDS = re.compile(r'(?:\s*"?[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?"?\s*[;,\t]){2}')
_EXPONENT = r"(?:[eEdD][+-]?\d+)?"


def _number(decimal: str, thousands: str) -> re.Pattern[str]:
    d, t = re.escape(decimal), re.escape(thousands)
    plain = rf"[+-]?(?:\d+{d}?\d*|{d}\d+){_EXPONENT}"
    if not thousands:
        return re.compile(plain)
    return re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{t}\d{{3}})+(?:{d}\d*)?|{plain}")


_PATTERNS = {
    (decimal, thousands): _number(decimal, thousands)
    for thousands in ("", ",", ".", " ", "'")
    for decimal in ".,"
    if decimal != thousands
}
_IN_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_NO_ROWS = "no rows of two numbers in it; export Raman shift (cm⁻¹) and intensity as text"
_MIXED = (
    "write the numbers with decimal points, without thousands marks, between tabs or semicolons"
)


@dataclass
class Dialect:
    """How a text writes rows.

    Attributes:
        delimiter: tab, `;`, `|`, `,`, `, ` (a comma with a blank), or blank (any white space).
        decimal: the decimal mark.
        thousands: the thousands mark, or empty.
    """

    delimiter: str = " "
    decimal: str = "."
    thousands: str = ""

    def split(self, line: str) -> list[str]:
        """Returns the cells of a line without blanks, quotes and trailing empty cells."""
        if self.delimiter == " ":
            return line.replace('"', " ").split()
        if self.delimiter == ", ":
            cells = re.split(r",\s+", line.strip())
        elif '"' in line:
            cells = next(csv.reader([line], delimiter=self.delimiter, skipinitialspace=True), [])
        else:
            cells = line.split(self.delimiter)
        cells = [cell.strip(' \t"') for cell in cells]
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def number(self, cell: str) -> float:
        """Returns the number of a cell, NaN where it holds none."""
        if self.thousands:
            cell = cell.replace(self.thousands, "")
        if self.decimal == ",":
            cell = "x" if "." in cell else cell.replace(",", ".")
        try:
            return float(cell)
        except ValueError:
            try:
                return float(cell.replace("D", "E").replace("d", "e"))
            except ValueError:
                return np.nan

    @property
    def notes(self) -> list[str]:
        """What was read in another way than a plain number."""
        notes = ["decimal commas read as points"] if self.decimal == "," else []
        if self.thousands:
            mark = {" ": "blank"}.get(self.thousands, self.thousands)
            notes.append(f"thousands mark ({mark}) taken out")
        return notes


@dataclass
class Rows:
    """The rows of numbers of a text, and the lines between them.

    Attributes:
        dialect: how they are written.
        lines: line (from 1) of each row.
        values: float64 [rows, columns]; NaN where a cell holds no number.
        labels: words in the cells of a row, by line and then by column (from 0).
        other: line and text of all other lines that are not blank.
        first_shorter: cells that the first row lacks.
        empty_at_end: empty cells at the end of every row, which `values` lacks.
    """

    dialect: Dialect
    lines: list[int] = field(default_factory=list)
    values: Floats = field(default_factory=lambda: np.empty((0, 0)))
    labels: dict[int, dict[int, str]] = field(default_factory=dict)
    other: list[tuple[int, str]] = field(default_factory=list)
    first_shorter: int = 0
    empty_at_end: int = 0


def read_rows(text: str) -> Rows:
    """Returns the rows of numbers of a text.

    Raises:
        UnreadableError: there are none, or they can be read in two ways or in none.
    """
    candidates: dict[int, str] = {}
    other: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        plain = line if not line.strip(_ALLOWED) else _NO_NUMBER.sub("", line)
        # Most lines begin with a digit, which is faster to see than to search.
        digit = plain[:1] in _DIGIT or _A_DIGIT.search(plain)
        if (digit and not plain.strip(_ALLOWED)) or _is_wide(line):
            candidates[number] = line
        elif line.strip().strip(',;|"'):
            other.append((number, line))
    worded = {number: line for number, line in other if _ROW_WITH_WORDS.match(line)}
    if candidates and len(worded) > MAX_FRAGMENT:  # a column of comments, filled in some rows
        candidates = dict(sorted((candidates | worded).items()))
        other = [(number, line) for number, line in other if number not in worded]
    if not candidates:
        # Each row may begin with the name of its spectrum, or a date.
        candidates = {
            number: line
            for number, line in other
            if len(_A_NUMBER.findall(line)) > 1 and any(mark in line for mark in "\t;,")
        }
        other = [(number, line) for number, line in other if number not in candidates]
    if plain_rows := _plain_rows(list(candidates.values())):
        delimiter, values, words = plain_rows
        labels = {next(iter(candidates)): words} if words else {}
        rows = Rows(Dialect(delimiter), list(candidates), values, labels, other)
    else:
        rows = _table(_dialect(list(candidates.values())), candidates, other)
    whole = rows.dialect.delimiter == "," and not (np.floor(rows.values) < rows.values).any()
    if whole and any(re.search(r"(?:^|,)0\d", line) for line in candidates.values()):
        raise UnreadableError(f"are its commas decimal marks, as before 05, or between? {_MIXED}")
    return rows


def _is_wide(line: str) -> bool:
    """Whether a line may be a whole spectrum, words among its numbers or not."""
    return not _KEY.match(line) and len(_A_NUMBER.findall(line)) >= WIDE


def _plain_rows(lines: list[str]) -> tuple[str, Floats, dict[int, str]] | None:
    """Returns delimiter, values and words of rows read at once; None where there is any doubt.

    Words, or blanks, may stand before the numbers of the first row, as in maps.
    """
    delimiter = next((d for d in "\t;," if lines and d in lines[0]), " ")
    if len(lines) < 2 or any(lines[0].count(m + " ") not in (0, lines[0].count(m)) for m in ",;"):
        return None
    first = Dialect(delimiter).split(lines[0])
    lead = next((i for i, cell in enumerate(first) if cell[:1] in _DIGIT or cell[:1] == "-"), 0)
    lead = lead if delimiter != " " and len(first) >= WIDE else 0
    try:
        values = np.loadtxt(
            lines[1:] if lead else lines,
            delimiter=None if delimiter == " " else delimiter,
            comments=None,
            ndmin=2,
        )
        if lead:
            values = np.vstack([[*[np.nan] * lead, *map(float, first[lead:])], values])
    except ValueError:
        return None
    whole = values == np.floor(values)
    # Whole numbers above the table, and `998` beside `1.003`, which may be a thousands mark.
    headed = whole[0, lead:].all() and not whole.mean() > 0.9
    size = np.abs(values)
    grouped = (np.round(values, 3) == values) & (size >= 1) & (size < 1000)
    grouped[0, :lead] = True
    marks = (whole | grouped).all(axis=0) & whole.any(axis=0) & ~whole.all(axis=0)
    if values.shape[1] < 2 or len(values) < 2 or headed:
        return None
    # In a map, `1001.200` or `2.5` of the axis say that the mark is a decimal one.
    across = values.shape[1] >= WIDE
    if marks.any() and not (across and not (whole | grouped).all()):
        doubtful = marks.nonzero()[0]
        rows = map(Dialect(delimiter).split, lines)
        _one_of([(".", "")], _columns([cells[i] for i in doubtful] for cells in rows))
    return delimiter, values, {i: word for i, word in enumerate(first[:lead]) if word}


def _dialect(lines: list[str]) -> Dialect:
    sample = lines[:: max(1, len(lines) // 100)]
    split_by_another = False
    if any(re.search(r";\d", line) and re.search(r"; +[+-]?\d", line) for line in sample):
        raise UnreadableError(f"it is not sure which semicolons part numbers; {_MIXED}")
    for delimiter in ("\t", ";", "|", ", ", ",", " "):
        dialect = Dialect(delimiter)
        inner = [dialect.split(line.rstrip(" \t,;")) for line in sample]
        several = [cells for cells in inner if sum(map(bool, cells)) > 1]
        if not several or len(several) < 0.8 * len(sample):
            continue
        if delimiter == ", " and not any("," in c for cells in several for c in cells):
            continue
        split_by_another = True
        if not _conventions(delimiter, _columns(several)):
            continue
        columns = _columns(cells for cells in map(dialect.split, lines) if len(cells) > 1)
        return Dialect(delimiter, *_one_of(_conventions(delimiter, columns), columns))
    if split_by_another:
        raise UnreadableError(f"its decimal marks or delimiters are mixed; {_MIXED}")
    raise UnreadableError(_NO_ROWS)


def _columns(rows: Iterable[list[str]]) -> list[set[str]]:
    """Returns the distinct cells of each column that are made as numbers are."""
    return [
        {c for c in cells if c and not c.strip(_ALLOWED) and any(x in _DIGITS for x in c)}
        for cells in map(set, zip_longest(*rows, fillvalue=""))
    ]


def _conventions(delimiter: str, columns: list[set[str]]) -> list[tuple[str, str]]:
    """Returns the conventions that explain all cells that any of them explains."""
    cells = set().union(*columns)
    if any(c in cell for cell in cells for c in ", '"):
        candidates = [m for m in _PATTERNS if m[1] != " " or delimiter not in " ,"]
    else:
        candidates = [(".", ""), (",", ".")]
    explained = {m: {c for c in cells if _PATTERNS[m].fullmatch(c)} for m in candidates}
    numbers = set().union(*explained.values())
    if len(numbers) < 0.9 * len(cells) or not numbers:
        return []
    return [m for m in candidates if len(explained[m]) == len(numbers)]


def _one_of(marks: list[tuple[str, str]], columns: list[set[str]]) -> tuple[str, str]:
    """Returns the one convention that can be meant."""
    cells = set().union(*columns)
    plain = [m for m in marks if not m[1]]
    if not plain:
        grouped = [m for m in marks if any(m[1] in c for c in cells)]
        if len(grouped) == 1:
            return grouped[0]
        raise UnreadableError(f"its decimal and thousands marks are ambiguous; {_MIXED}")
    decimal = "," if plain[0][0] == "," or any("," in c for c in cells) else "."
    # In a map, `1001.200` or `2.5` of the axis say that the mark is a decimal one.
    settled = len(columns) >= WIDE and not all(
        _IN_GROUPS.fullmatch(c) for c in cells if decimal in c
    )
    for column in [] if settled else columns:
        marked = [c for c in column if decimal in c]
        whole = [c for c in column if decimal not in c]
        # `998` beside `1,003`: a thousands mark that looks like a decimal one.
        short = marked and whole and max(len(c.lstrip("+-")) for c in whole) < 4
        if short and all(map(_IN_GROUPS.fullmatch, marked)):
            raise UnreadableError(
                f"{max(whole)!r} and {max(marked)!r}: is {decimal!r} a decimal or a thousands "
                f"mark? {_MIXED}"
            )
    return decimal, ""


def _table(dialect: Dialect, candidates: dict[int, str], other: list[tuple[int, str]]) -> Rows:
    """Returns the rows of the usual width; others may stand above them, or are an error."""
    found = Rows(dialect, other=other)
    split = {number: dialect.split(line) for number, line in candidates.items()}
    ends = {number: _words_at_end(cells, dialect) for number, cells in split.items()}
    widths = Counter(len(c) for c in split.values() if sum(map(bool, c)) > 1)
    if not widths:
        raise UnreadableError(_NO_ROWS)
    width = max(widths, key=lambda w: (widths[w], w))
    # Whole numbers above rows that are all written with decimals are none of them.
    body = [c for c in split.values() if len(c) == width]
    while len(body) > WIDE and all(
        dialect.decimal in x for c in body[len(body) // 2 :][:WIDE] for x in c
    ):
        if any(dialect.decimal in x for x in body[0]):
            break
        number = next(n for n, c in split.items() if c is body[0])
        found.other.append((number, candidates[number]))
        del body[0], split[number]
    values: list[list[float]] = []
    narrower = 0
    last_line = max(number for number, cells in split.items() if len(cells) == width)
    for number, cells in split.items():
        missing = width - len(cells)
        if not values and missing:
            if missing > 0 and width >= WIDE and len(cells) >= WIDE and missing < 3:
                if not cells[0]:
                    raise UnreadableError(
                        f"line {number} has {missing} values fewer than the rows after it, and "
                        "begins with a blank cell: values are lost; save the file again"
                    )
                found.first_shorter = missing
                cells, missing = [""] * missing + cells, 0
            else:
                found.other.append((number, candidates[number]))
                narrower += missing > 0 and sum(map(bool, cells)) > 1
                continue
        if narrower > MAX_FRAGMENT:
            raise UnreadableError(
                f"{narrower} rows of fewer columns stand above line {number}, which has {width}: "
                "save each table in a file of its own"
            )
        if missing > 0 and number > last_line and len(cells) < 2:
            continue
        if missing < 0 or (missing and dialect.delimiter == " " and len(cells) > 1):
            raise UnreadableError(
                f"line {number} has {len(cells)} columns and the rows before it {width}: "
                f"{candidates[number].strip()[:60]!r}; {_MIXED}"
            )
        numbers = [dialect.number(cell) for cell in cells] + [np.nan] * missing
        if any(n != n for n in numbers):
            cells_and_numbers = enumerate(zip(cells, numbers, strict=False))
            found.labels[number] = {i: c for i, (c, n) in cells_and_numbers if n != n and c}
        if ends[number]:
            found.labels.setdefault(number, {}).update(enumerate(ends[number], width))
        found.lines.append(number)
        values.append(numbers)
    found.values = np.array(values, dtype=np.float64).reshape(-1, width)
    mark = dialect.delimiter.strip(" ") or "\0"
    found.empty_at_end = min(
        len(ends[number]) or _marks_at_end(candidates[number], mark) for number in found.lines
    )
    found.other.sort()
    return found


def _words_at_end(cells: list[str], dialect: Dialect) -> list[str]:
    """Takes the words, comments or names, from the end of a row, and returns them."""
    words: list[str] = []
    while len(cells) > 2 and cells[-1:] != [""] and _is_word(cells[-1], dialect):
        words.insert(0, cells.pop())
    return words


def _is_word(cell: str, dialect: Dialect) -> bool:
    value = dialect.number(cell)
    return value != value and not _NO_NUMBER.fullmatch(cell) and bool(re.search(r"[^\W\d]", cell))


def _marks_at_end(line: str, mark: str) -> int:
    return line[len(line.rstrip(f'{mark} \t\r"')) :].count(mark)
