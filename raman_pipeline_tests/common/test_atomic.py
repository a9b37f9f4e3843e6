import os
import subprocess
import sys

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
    # Permissions follow the umask.
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    writer = (
        "import sys, time; from pathlib import Path; from raman_pipeline.common import atomic\n"
        "with atomic.replacing(Path(sys.argv[1])) as temporary:\n"
        # As a library does that renames a file of its own.
        "    own = temporary.with_name('.own'); own.write_text('half'); own.replace(temporary)\n"
        "    print('writing', flush=True); time.sleep(60)"
    )

    def start(name):
        command = [sys.executable, "-c", writer, str(tmp_path / name)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"writing\n"
        return process

    (tmp_path / ".tmp-of-a-user").touch()
    killed, living = start("killed"), start("living")
    killed.kill()
    killed.wait()
    with atomic.replacing(tmp_path / "file") as temporary:
        atomic.write_text(tmp_path / "other", "x")
        assert len(list(tmp_path.glob(".tmp-raman-pipeline-*/.new.part"))) == 2
        temporary.write_text("x")
    living.kill()
    living.wait()
    atomic.write_text(tmp_path / "file", "y")
    assert sorted(os.listdir(tmp_path)) == [".tmp-of-a-user", "file", "other"]
