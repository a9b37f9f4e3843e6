import os
import shutil
import subprocess
import sys

from raman_pipeline_tests.conftest import PROJECT

CODE = """
import numpy as np
import raman_pipeline
from raman_pipeline.spectra.spline import resample_ragged
x, out = np.arange(4, dtype=np.float32), np.zeros((1, 3), np.float32)
resample_ragged(x, x, np.array([0, 4]), np.arange(3.0), out, np.zeros(1), np.zeros(1))
print(raman_pipeline.__file__, *out[0])
"""


def test_code_is_compiled_again_without_a_writable_cache(tmp_path, read_only):
    source = PROJECT / "raman_pipeline"
    modules = ("common/jit.py", "spectra/spline.py")
    for name in ("__init__.py", "common/__init__.py", "spectra/__init__.py", *modules):
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
    module, *values = done.stdout.split()
    assert module == str(code / "raman_pipeline" / "__init__.py")
    assert [float(v) for v in values] == [0.0, 0.5, 1.0]
