import numpy as np

from benchmarks.scaled_members import COPIES, NOISE, member, originals, write_archive
from raman_pipeline.common.atomic import file_sha256
from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.rruff.member_name import parse_member_name


def test_members_are_disturbed_spectra_under_new_ids(sample_folder, tmp_path):
    found = originals(sample_folder)
    # The series begins again with the first original, under further ids.
    start, count = COPIES * len(found) - 25, 50
    for name in ("a.zip", "b.zip"):
        write_archive(sample_folder, tmp_path / name, start, count)
    assert file_sha256(tmp_path / "a.zip") == file_sha256(tmp_path / "b.zip")
    parsed = parse_archive(tmp_path / "a.zip", "a")
    assert (parsed.accepted.num_rows, parsed.refused.num_rows) == (count, 0)
    rows = {row["member"]: row for row in parsed.accepted.to_pylist()}
    ids = {row["member_id"] for row in rows.values()}
    assert len(ids) == count
    assert not ids & {parse_member_name(one.name).member_id for one in found}
    for number in range(start, start + count):
        row = rows[member(found, number)[0]]
        original = found[number // COPIES % len(found)]
        np.testing.assert_allclose(row["raman_shift"], original.raman_shift, atol=1e-3)
        scaled = np.array(row["intensity"]) / max(row["intensity"])
        assert np.corrcoef(scaled, original.intensity)[0, 1] > 1 - 10 * NOISE
