import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline.rruff.rows import Row, parse_rows, rows_from_lines

CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.sampled_from(["", "abc", "1.", ".5", "+3", "1e5", "1e400", "nan", "0x10", "1_0", '"1"']),
)
LINE = st.tuples(CELL, st.sampled_from([", ", ",", " ", "\t", ",,"]), CELL).map("".join)


@given(st.lists(LINE, min_size=1, max_size=8))
def test_the_fast_reader_agrees_with_the_strict_one(lines):
    fast = parse_rows("\n".join(lines) + "\n")
    if fast is None:
        return
    try:
        strict = rows_from_lines([Row(i, line) for i, line in enumerate(lines)])
    except MemberRefused:
        raise AssertionError(f"only the fast reader accepts {lines}") from None
    np.testing.assert_array_equal(fast[0], strict[0])
    np.testing.assert_array_equal(fast[1], strict[1])


def test_the_fast_reader_takes_the_usual_form():
    assert parse_rows("100.5, 1.0\n101.5, 7.1517996E-02\n") is not None
