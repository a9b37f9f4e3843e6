import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from raman_pipeline.common.parquet import write_table
from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.rruff.versions import (
    CHANGES,
    INDEX,
    MEMBER_CHANGES,
    VersionHistory,
    compare,
    member_index,
    update_report,
)

COLUMNS = [c.name for c in INDEX.columns]


def index(*rows):
    frame = pd.DataFrame(
        [(*row, "Quartz", "R040031", True, "Kern Co., USA") for row in rows],
        columns=COLUMNS,
    )
    return INDEX.from_frame(frame).to_pandas()


def test_every_kind_of_change():
    before = index(
        ("stays", "fair", "s.txt", "1"),
        ("goes", "fair", "g.txt", "1"),
        ("moves", "fair", "m.txt", "1"),
        ("alters", "fair", "a.txt", "1"),
        ("twin", "fair", "t.txt", "1"),
        ("twin", "poor", "t.txt", "1"),
        ("name", "fair", "old.txt", "1"),
    )
    after = index(
        ("stays", "fair", "s.txt", "1"),
        ("comes", "poor", "c.txt", "1"),
        ("moves", "excellent", "m.txt", "1"),
        ("alters", "fair", "a.txt", "2"),
        ("twin", "fair", "t.txt", "1"),
        ("name", "fair", "new.txt", "1"),
    )
    table = compare(before, after)
    assert MEMBER_CHANGES.problems(table) == []
    shown = table.select(["change", "member_id", "from_archive", "to_archive"]).to_pylist()
    assert [tuple(row.values()) for row in shown] == [
        ("added", "comes", None, "poor"),
        ("removed", "goes", "fair", None),
        ("removed", "twin", "poor", None),
        ("re-rated", "moves", "fair", "excellent"),
        ("changed", "alters", "fair", "fair"),
        ("renamed", "name", "fair", "fair"),
    ]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["k1", "k2", "k3"]),
        st.sampled_from(["fair", "poor", "excellent"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["1", "2", None]),
    ),
    max_size=8,
)


@settings(max_examples=15)
@given(ROWS, ROWS)
def test_the_balance_holds(before, after):
    table = compare(index(*before), index(*after)).to_pandas()
    counts = table["change"].value_counts().reindex(CHANGES, fill_value=0)
    assert len(after) - len(before) == counts["added"] - counts["removed"]
    assert compare(index(*before), index(*before)).num_rows == 0
    back = compare(index(*after), index(*before)).to_pandas()["change"].value_counts()
    assert back.get("added", 0) == counts["removed"]
    assert back.get("re-rated", 0) == counts["re-rated"]


def test_history_of_the_sample(sample_folder, tmp_path):
    parsed = {p.stem: parse_archive(p, p.stem) for p in sample_folder.glob("*.zip")}
    history = VersionHistory(tmp_path / "versions")

    def index_of(names):
        return member_index((parsed[n].accepted for n in names), (parsed[n].refused for n in names))

    whole = index_of(sorted(parsed))
    assert whole.num_rows == sum(a.members for a in parsed.values())
    assert INDEX.problems(whole) == []
    former, first = history.add(whole)
    assert former is None
    assert history.add(whole) == (None, first)
    less = index_of(sorted(set(parsed) - {"LR-Raman"}))
    assert history.add(less)[0] == first
    assert history.versions() == [first, history.add(less)[1]]
    table = compare(history.index(first).to_pandas(), less.to_pandas())
    assert table.num_rows == parsed["LR-Raman"].members
    # A site without archives is a version, too.
    assert member_index([], []).num_rows == 0
    # An index that was stored without localities is read, and gets them in its place.
    path = history.folder / f"{history.versions()[-1]}.parquet"
    write_table(path, less.drop_columns(["locality"]))
    assert history.index(path.stem)["locality"].null_count == less.num_rows
    history.add(less)
    assert history.index(path.stem) == less
    assert len(history.versions()) == 2


def test_the_report_names_what_was_corrected():
    rows = [(f"{n}", "fair", f"{n}.txt", "1") for n in range(5)]
    before, after = index(*rows), index(*rows)
    before["rruff_id"] = ["R1", "R1", "R2", "R3", "gone"]
    after["rruff_id"] = ["R1", "R1", "R2", "R3", "new"]
    after["mineral"] = ["Quartz", "Opal", "Opal", "Quartz", "Opal"]  # R1 keeps its own
    after["locality"] = ["Kern Co., USA", "Kern Co., USA", "", "Kern County, USA", ""]
    after.loc[2, "locality"] = None
    text = update_report(before, after, compare(before, after))
    assert "| R2 | Quartz | Opal |" in text
    assert "| R3 | Kern Co., USA | Kern County, USA |" in text
    assert "| R2 | Kern Co., USA |  |" in text
    assert "| R1 |" not in text
    assert "| Opal | 1 | new |" in text
    assert "| Quartz | 1 | gone |" in text
    before["locality"] = None
    assert "Kern" not in update_report(before, after, compare(before, after))
    nothing = update_report(index(), index(), compare(index(), index()))
    assert "- members: 0 before, 0 after\n- added: 0" in nothing
    assert "5 of the first version" in update_report(None, after, compare(after, after))
