import os
import stat

import pytest

from raman_pipeline.common import atomic


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a" / "file"
    atomic.write_text(path, "old")
    with pytest.raises(RuntimeError), atomic.replacing(path) as temporary:
        temporary.write_text("half")
        assert path.read_text() == "old"
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == ["file"]
    with atomic.replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_permissions_follow_the_umask(tmp_path):
    atomic.write_text(tmp_path / "file", "x")
    (tmp_path / "plain").write_text("x")
    modes = {stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("file", "plain")}
    assert len(modes) == 1


def test_leftovers_of_killed_processes_are_removed_after_a_day(tmp_path):
    old, new, other = (tmp_path / n for n in (".tmp-file-1", ".tmp-file-2", ".tmp-other-1"))
    for path in (old, new, other):
        path.write_text("half")
    for path in (old, other):
        os.utime(path, (0, 0))
    atomic.write_text(tmp_path / "file", "x")
    assert sorted(os.listdir(tmp_path)) == [".tmp-file-2", ".tmp-other-1", "file"]
