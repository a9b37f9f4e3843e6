"""The text format of RRUFF: rows at once and one by one."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raman_pipeline.common import spectrum_text
from raman_pipeline.common.spectrum_text import decode, read_spectrum_text

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
    st.sampled_from([", ", ",", " ", "\t", " , ", ",,", ";", ""]),
    CELL,
    st.sampled_from(["", " ", "\x0b", "#", ", 3"]),
).map("".join)
OTHER = st.sampled_from(
    ["", " ", "# comment", "##A=1", "##A=1##B=2", "##END=", "X Y", "1,5;2,5", "\ufeff", "é"]
)
BREAK = st.sampled_from(["\n", "\r\n", "\r", "\n\r\n"])


def one_by_one(data):
    with mock.patch.object(spectrum_text, "_plain_rows", lambda text, offset: None):
        return read_spectrum_text(data)


def assert_rows_at_once_are_rows_one_by_one(data):
    try:
        expected = one_by_one(data)
    except UnicodeDecodeError:
        return
    found = read_spectrum_text(data)
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)


@settings(max_examples=250)
@given(st.lists(LINE | OTHER, min_size=1, max_size=10), BREAK, st.booleans())
@example(["1 2", "0.1, 12345678.12345678"], "\n", False)
@example(["9007199254740993 , 1", "1, 2\x0b"], "\r\n", True)
def test_rows_at_once_are_the_rows_one_by_one(lines, line_break, ended):
    data = (line_break.join(lines) + (line_break if ended else "")).encode()
    assert_rows_at_once_are_rows_one_by_one(data)


@pytest.mark.parametrize(
    "line",
    ["100.5, 1.0", "101.5 7.1517996E-02", "1,-2", ".5\t+3.", "8.758203e+001 ,2", "76, 12345678901"],
)
def test_the_usual_rows_are_read_at_once(line):
    values, end = spectrum_text._plain_rows(f"{line}\n{line}\n\n##END=", 0)
    expected = one_by_one(line.encode())
    np.testing.assert_array_equal(values, [[*expected.raman_shift, *expected.intensity]] * 2)
    assert end == 2 * len(line) + 1


def test_headers_comments_and_stray_lines_keep_their_lines():
    text = "\ufeff##A= x##B=1=2\n# Laser\nX Y\n1, 2\n\n% no comment\n2, 3\n##C=\n##END=\n3, 4\n"
    found = read_spectrum_text(text.encode())
    assert found.headers == [(1, "A", "x"), (1, "B", "1=2"), (8, "C", "")]
    assert (found.comments, found.preamble) == (["Laser"], ["X Y"])
    assert (found.row_lines.tolist(), found.bad_row) == ([4, 7], (6, "% no comment"))
    assert (found.line_count, found.has_end) == (9, True)


def test_encodings():
    assert decode("Långban\r\nx\ry".encode()) == ("Långban\nx\ny", "utf-8")
    assert decode("Långban".encode("cp1252")) == ("Långban", "cp1252")
    assert decode(b"\x81", lenient=True) == ("\x81", "latin-1")
    with pytest.raises(UnicodeDecodeError):
        decode(b"\x81")
