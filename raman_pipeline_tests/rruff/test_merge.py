import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.common.parquet import StoredTable, stage_table, table_version, write_table
from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.rruff.merge import PAIRINGS, SPECTRA, copies_named, merge_archives, pair_kinds


@pytest.fixture(scope="module")
def tables(sample_folder):
    return {p.stem: parse_archive(p, p.stem).accepted for p in sample_folder.glob("*.zip")}


@pytest.fixture(scope="module")
def table(tables):
    return pa.concat_tables(merge_archives(tables))


def test_rows_in_are_rows_out_and_copies(tables, table):
    assert sum(t.num_rows for t in tables.values()) == table.num_rows + copies_named(table)
    assert copies_named(table) == 1
    assert SPECTRA.problems(table) == list(merge_archives({})) == []


def test_pairs_across_archives(table):
    frame = table.drop_columns(["raman_shift", "intensity"]).to_pandas().set_index("member_id")
    paired = frame[frame["pairing"] == "paired"]
    others = frame.loc[paired["paired_id"]]
    assert (others["kind"].to_numpy() != paired["kind"].to_numpy()).all()
    assert (paired["archive"].to_numpy() != others["archive"].to_numpy()).sum() == 2
    assert set(frame["pairing"]) == set(PAIRINGS) - {"unknown"}


def test_tables_on_disk_are_merged_to_the_same_bytes(tables, table, tmp_path):
    stored = {name: StoredTable(tmp_path / f"{name}.parquet") for name in tables}
    for name, part in tables.items():
        write_table(stored[name].path, part)
    staged = stage_table(tmp_path, SPECTRA, merge_archives(stored))
    assert staged.read().equals(table)
    assert staged.version == table_version(table)
    assert SPECTRA.problems(staged) == []


ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["RAW", "Processed", None])),
    max_size=12,
)


@given(ROWS)
def test_pairs_are_mutual_and_of_the_other_kind(rows):
    frame = pd.DataFrame(rows, columns=["measurement_key", "kind"], dtype="str")
    frame["member_id"] = [f"m{i}" for i in range(len(frame))]
    frame["member_id"] = frame["member_id"].astype("str")
    pairing, paired_id = pair_kinds(frame)
    assert set(pairing) <= set(PAIRINGS)
    by_id = dict(zip(frame["member_id"], paired_id, strict=True))
    for own, other in by_id.items():
        if isinstance(other, str):
            assert by_id[other] == own
    assert ((pairing == "paired") == paired_id.notna()).all()
