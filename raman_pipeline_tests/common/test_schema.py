import pyarrow as pa
import pytest

from raman_pipeline.common.schema import RAGGED, Column, TableSchema

SCHEMA = TableSchema(
    "t",
    (
        Column("id", pa.string(), "id", unique=True),
        Column("n", pa.int32(), "number", nullable=True, between=(0, 9)),
        Column("kind", pa.string(), "kind", isin=("a", "b")),
        Column("values", RAGGED, "numbers"),
    ),
    unique_together=("n", "kind"),
)
GOOD = [{"id": "x", "n": 1, "kind": "a", "values": [1.0]}, {"id": "y", "kind": "b", "values": []}]


def test_valid_rows():
    table = SCHEMA.from_rows(GOOD)
    assert SCHEMA.problems(table) == []
    assert table["values"].to_pylist() == [[1.0], []]
    assert SCHEMA.problems(SCHEMA.arrow.empty_table()) == []


@pytest.mark.parametrize("change", [{"id": "y"}, {"id": None}, {"n": 10}, {"kind": "c"}])
def test_each_violation_is_reported(change):
    problems = SCHEMA.problems(SCHEMA.from_rows([GOOD[0] | change, GOOD[1]]))
    assert any(p.startswith(*change) for p in problems), problems


def test_columns_together_wrong_types_and_missing_columns_and_unknown_keys():
    assert SCHEMA.problems(SCHEMA.from_rows([GOOD[0], GOOD[0] | {"id": "z"}]))
    table = SCHEMA.from_rows(GOOD)
    assert SCHEMA.problems(table.set_column(1, "n", pa.array([1.0, 2.0])))
    assert SCHEMA.problems(table.drop_columns(["kind"]))
    with pytest.raises(KeyError, match="typo"):
        SCHEMA.from_rows([{"typo": 1}])
