"""Hashes of tables are those of their content."""

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.common.parquet import table_version

FLOATS = st.none() | st.floats(allow_nan=False)
ROWS = st.lists(st.tuples(FLOATS, st.none() | st.integers(0, 9), st.none() | st.booleans()))


@given(ROWS)
def test_a_version_does_not_depend_on_what_lies_below_nulls(rows):
    types = {"number": pa.float64(), "count": pa.int32(), "flag": pa.bool_()}
    columns = [*zip(*rows, strict=True)] or [[], [], []]
    table = pa.table(
        [pa.array(c, t) for c, t in zip(columns, types.values(), strict=True)], [*types]
    )
    pq.write_table(table, sink := pa.BufferOutputStream())
    again = pq.read_table(pa.BufferReader(sink.getvalue()))
    assert table_version(again) == table_version(table)
    longer = pa.concat_tables([table, table.slice(0, 1)])
    assert table.num_rows == 0 or table_version(longer) != table_version(table)
