import zipfile

import pytest

from raman_pipeline.rruff.archive import ArchiveError, parse_archive, read_outcomes, verify_zip
from raman_pipeline.rruff.member import Member
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS
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


def test_accepted_and_refused_are_all_members(small_zip):
    parsed = parse_archive(small_zip, "small")
    assert (parsed.members, parsed.accepted.num_rows, parsed.refused.num_rows) == (2, 1, 1)
    assert MEMBERS.problems(parsed.accepted) == []
    assert REFUSALS.problems(parsed.refused) == []


def test_an_unpublished_archive_is_empty():
    parsed = parse_archive(None, "poor_oriented")
    assert parsed.members == 0
    assert MEMBERS.problems(parsed.accepted) == []


def test_sample_archives(sample_folder):
    parsed = {p.stem: parse_archive(p, p.stem) for p in sorted(sample_folder.glob("*.zip"))}
    for name, archive in parsed.items():
        assert archive.members == archive.accepted.num_rows + archive.refused.num_rows, name
        assert MEMBERS.problems(archive.accepted) == []
    codes = [c for a in parsed.values() for c in a.refused["code"].to_pylist()]
    assert sorted(codes) == sorted(set(RefusalCode) - {RefusalCode.UNREADABLE})


def test_truncated_zip(small_zip):
    data = small_zip.read_bytes()
    small_zip.write_bytes(data[: len(data) // 2])
    for function in (verify_zip, lambda path: list(read_outcomes(path))):
        with pytest.raises(ArchiveError, match=r"small\.zip: no complete zip.*download it again"):
            function(small_zip)


def test_empty_and_missing_files(tmp_path):
    (tmp_path / "empty.zip").touch()
    with pytest.raises(ArchiveError, match=r"empty\.zip.*0 bytes"):
        list(read_outcomes(tmp_path / "empty.zip"))
    for name in ("missing.zip", "missing.txt"):
        with pytest.raises(ArchiveError, match="check the path"):
            list(read_outcomes(tmp_path / name))


def test_a_damaged_member_is_refused_and_the_others_are_read(small_zip):
    data = bytearray(small_zip.read_bytes())
    with zipfile.ZipFile(small_zip) as archive:
        info = archive.getinfo(NAME)
    data[info.header_offset + 30 + len(NAME) + 20] ^= 0xFF
    small_zip.write_bytes(data)
    with pytest.raises(ArchiveError, match="damaged|download it again"):
        verify_zip(small_zip)
    outcomes = dict(read_outcomes(small_zip))
    refused = outcomes[NAME]
    assert isinstance(refused, MemberRefused)
    assert refused.code == RefusalCode.UNREADABLE
    assert len(outcomes) == 2
