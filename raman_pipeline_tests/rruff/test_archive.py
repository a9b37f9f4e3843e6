import io
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raman_pipeline.common.parquet import table_version
from raman_pipeline.common.shards import Ledger, Workers
from raman_pipeline.rruff.archive import parse_archive, read_outcomes, stage_archive
from raman_pipeline.rruff.member import Member
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS
from raman_pipeline.rruff.zip_archive import MAX_MEMBER_BYTES, ArchiveError, verify_zip
from raman_pipeline_tests.rruff.test_member import NAME, member_text


@pytest.fixture
def small_zip(tmp_path):
    path = tmp_path / "small.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.writestr("b.txt", b"")
        archive.writestr(NAME, member_text())
    return path


def test_zip_folder_and_file_read_alike(small_zip, tmp_path):
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(small_zip) as archive:
        archive.extractall(folder)
    from_zip = {name: type(o) for name, o in read_outcomes(small_zip)}
    assert from_zip == {NAME: Member, "b.txt": MemberRefused}
    assert {name: type(o) for name, o in read_outcomes(folder)} == from_zip
    assert [name for name, _ in read_outcomes(folder / NAME)] == [NAME]


def test_sample_archives_staged_and_in_memory(sample_folder, tmp_path):
    codes = []
    for path in sorted(sample_folder.glob("*.zip")):
        parsed, staged = parse_archive(path, "a", "s"), stage_archive(tmp_path, path, "a", "s")
        assert parsed.members == parsed.accepted.num_rows + parsed.refused.num_rows
        assert MEMBERS.problems(parsed.accepted) == REFUSALS.problems(parsed.refused) == []
        codes += parsed.refused["code"].to_pylist()
        assert staged.members == parsed.members
        assert staged.refused.equals(parsed.refused)
        assert staged.accepted.read().equals(parsed.accepted.combine_chunks())
        assert staged.accepted.version == table_version(parsed.accepted)
    unpublished = parse_archive(None, "a")
    assert unpublished.members == unpublished.accepted.num_rows == unpublished.refused.num_rows == 0
    of_archives = {"UNREADABLE", "UNSAFE_NAME", "NOT_A_FILE", "TOO_LARGE"}
    assert sorted(codes) == sorted(set(RefusalCode) - of_archives)


def test_parts_in_processes_give_the_same_bytes(sample_folder, tmp_path, monkeypatch):
    path = sample_folder / "unrated_unoriented.zip"
    monkeypatch.setattr("raman_pipeline.rruff.archive.PART", 8)
    alone = stage_archive(tmp_path, path, "a", "s")
    ledger = Ledger(tmp_path / "shards", Workers(number=2))
    parted = stage_archive(tmp_path, path, "a", "s", ledger)
    assert alone.members > 3 * 8 and alone.refused.num_rows
    assert parted.members == alone.members and parted.refused.equals(alone.refused)
    assert parted.accepted.file.read_bytes() == alone.accepted.file.read_bytes()
    assert parted.accepted.version == alone.accepted.version
    assert not ledger.folder.exists()


@pytest.mark.parametrize(
    ("name", "kept", "message"),
    [
        ("small.zip", 0.5, r"small\.zip: not a complete zip.*download it"),
        ("small.zip", 0, r"small\.zip.*0 bytes"),
        ("missing.zip", 1, "check the path"),
        ("missing.txt", 1, "check the path"),
    ],
)
def test_incomplete_and_missing_files(small_zip, name, kept, message):
    data = small_zip.read_bytes()
    small_zip.write_bytes(data[: int(len(data) * kept)])
    for function in (verify_zip, lambda path: list(read_outcomes(path))):
        with pytest.raises(ArchiveError, match=message):
            function(small_zip.with_name(name))


@pytest.mark.parametrize(
    ("record", "at", "value"),
    [
        (b"PK\x03\x04", 30 + len(NAME) + 20, 255),
        (b"PK\x01\x02", 8, 1),
        (b"PK\x01\x02", 10, 12),
        (b"PK\x01\x02", 42, 7),
    ],
    ids=["data", "encrypted", "compression", "offset"],
)
def test_a_damaged_member_is_refused_and_the_others_are_read(small_zip, record, at, value):
    data = bytearray(small_zip.read_bytes())
    data[data.rindex(record) + at] = value
    small_zip.write_bytes(data)
    with pytest.raises(ArchiveError, match="damaged|download it again"):
        verify_zip(small_zip)
    outcomes = dict(read_outcomes(small_zip))
    assert set(outcomes) == {NAME, "b.txt"}
    assert outcomes[NAME].code == RefusalCode.UNREADABLE


def zip_without(data, count):
    """Returns a zip without its last members, of which at least one stays."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        names = old.namelist()
        for name in names[: max(1, len(names) - count)]:
            new.writestr(old.getinfo(name), old.read(name))
    return buffer.getvalue()


def test_a_hostile_archive_is_read_safely(tmp_path):
    path = tmp_path / "hostile.zip"
    link = zipfile.ZipInfo("link.txt")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.txt", "1, 2")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("../x.txt", "/etc/x.txt", "C:\\x.txt", NAME):
            archive.writestr(name, member_text())
        archive.writestr(link, "/etc/passwd")
        archive.writestr("nested.txt", inner.getvalue())
        archive.writestr("bomb.txt", bytes(MAX_MEMBER_BYTES + 1))
        archive.writestr("empty.txt", b"")
    assert verify_zip(path) == 8
    parsed = parse_archive(path, "hostile")
    assert parsed.accepted["member"].to_pylist() == [NAME]
    found = dict(zip(*(parsed.refused[c].to_pylist() for c in ("member", "code")), strict=True))
    assert found == {
        **dict.fromkeys(("../x.txt", "/etc/x.txt", "C:\\x.txt"), "UNSAFE_NAME"),
        "link.txt": "NOT_A_FILE",
        "nested.txt": "NOT_A_FILE",
        "bomb.txt": "TOO_LARGE",
        "empty.txt": "TOO_SHORT",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["hostile.zip"]


def test_a_member_that_holds_more_than_it_declares_is_not_inflated(tmp_path):
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, bytes(30_000_000))
    data = path.read_bytes()
    # The directory declares 1,000 bytes; the data have 30 million.
    at = data.rindex(b"PK\x01\x02") + 24
    path.write_bytes(data[:at] + (1000).to_bytes(4, "little") + data[at + 4 :])
    tracemalloc.start()
    refused = parse_archive(path, "liar").refused.to_pylist()
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert [r["code"] for r in refused] == ["UNREADABLE"]
    assert "CRC" in refused[0]["text"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutated_zip_is_read_or_refused(data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", member_text())
        archive.writestr(NAME, member_text())
    raw = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutated.zip"
        path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
        try:
            assert all(isinstance(o, Member | MemberRefused) for _, o in read_outcomes(path))
        except ArchiveError as error:
            assert "mutated.zip" in str(error)
