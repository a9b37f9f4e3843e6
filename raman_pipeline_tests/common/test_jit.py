import os
import shutil
import subprocess
import sys

from raman_pipeline_tests.conftest import PROJECT

CODE = """
import raman_pipeline
from raman_pipeline.rruff.row_scanner import scan_rows
print(raman_pipeline.__file__, scan_rows(b"1, 2", 0)[2])
"""


def test_where_machine_code_cannot_be_kept_it_is_made_again(tmp_path, read_only):
    source = PROJECT / "raman_pipeline"
    modules = ("common/jit.py", "rruff/row_scanner.py")
    for name in ("__init__.py", "common/__init__.py", "rruff/__init__.py", *modules):
        target = tmp_path / "code" / "raman_pipeline" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)
    with read_only(tmp_path / "locked", tmp_path / "code") as code:
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            cwd=code,
            env=os.environ
            | {"PYTHONPATH": str(code), "HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == [str(code / "raman_pipeline" / "__init__.py"), "4"]
