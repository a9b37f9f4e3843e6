import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline.rruff.row_scanner import scan_rows
from raman_pipeline.rruff.rows import ROW, Row, rows_from_lines

DIGITS = st.text("0123456789", min_size=1, max_size=20)
CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.builds("{}.{}".format, DIGITS, DIGITS),
    st.builds("{}{}e{}".format, st.sampled_from(["", "-", "+", "."]), DIGITS, st.integers(-30, 30)),
    st.sampled_from(["", "abc", "1.", ".5", "+3", "1e5", "1e400", "nan", "0x10", "1_0", '"1"']),
    st.sampled_from(["-", ".", "1e", "1e+", "--1", "1.2.3", "\u0661", "9007199254740993"]),
)
LINE = st.tuples(
    st.sampled_from(["", " ", "\t "]),
    CELL,
    st.sampled_from([", ", ",", " ", "\t", " , ", ",,", ""]),
    CELL,
    st.sampled_from(["", " "]),
).map("".join)
BREAK = st.sampled_from(["\n", "\r\n"])


@given(st.lists(LINE, min_size=1, max_size=8), BREAK, st.booleans())
@example(["1 2", "0.1, 12345678.12345678"], "\n", False)
@example(["9007199254740993 , 1"], "\r\n", True)
def test_what_the_scanner_reads_is_what_the_strict_reader_reads(lines, line_break, ended):
    data = (line_break.join(lines) + (line_break if ended else "")).encode()
    shift, intensity, end = scan_rows(data, 0)
    count = len(shift)
    strict = rows_from_lines([Row(i, line) for i, line in enumerate(lines[:count])])
    np.testing.assert_array_equal(shift, strict[0])
    np.testing.assert_array_equal(intensity, strict[1])
    # It stops at the beginning of a line, and never in the middle of the plain form.
    assert data[:end].count(b"\n") == min(count, len(lines) if ended else len(lines) - 1)


@pytest.mark.parametrize(
    "line",
    [
        "100.5, 1.0",
        "101.5 7.1517996E-02",
        "1,-2",
        ".5\t+3.",
        "8.758203e+001 ,2",
        "76.1, 12345678901",
    ],
)
def test_the_scanner_takes_the_usual_forms(line):
    shift, intensity, end = scan_rows(f"{line}\r\n{line}".encode(), 0)
    assert len(shift) == len(intensity) == 2
    assert end == 2 * len(line) + 2


def test_a_line_of_a_million_digits_costs_no_million_tries():
    # Quadratic backtracking would take hours here.
    assert ROW.match("1" * 1_000_000 + "x") is None
    assert ROW.match("1." * 500_000) is None


def test_a_line_that_is_no_row_is_named():
    with pytest.raises(MemberRefused) as refused:
        rows_from_lines([Row(7, "1, 2"), Row(9, "3, 4, 5")])
    assert refused.value.line == 9
