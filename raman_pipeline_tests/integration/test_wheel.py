"""The built wheel works in an empty folder, without the repository around it."""

import os
import shutil
import subprocess
import sys

import pytest

from raman_pipeline_tests.conftest import PROJECT

pytestmark = pytest.mark.integration

INGEST = """
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.runner import run_job
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.configuration import WORKSPACE
print(WORKSPACE, run_job(load_settings(), "ingest", Callbacks(), ["fair_oriented"])[0].succeeded)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Returns a function that runs Python or the command with the wheel, in an empty folder."""
    source, site, empty = (tmp_path_factory.mktemp(n) for n in ("source", "site", "empty"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "raman_pipeline", source / "raman_pipeline", ignore=leave)
    build = f"from setuptools import build_meta; print(build_meta.build_wheel({str(site)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = site.glob("*.whl")
    # The dependencies are those of this environment.
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", site]
    subprocess.run([*pip, wheel], check=True, capture_output=True)

    def run(program, *arguments):
        python = program in ("-c", "-m")
        done = subprocess.run(
            [*([sys.executable, program] if python else [site / "bin" / program]), *arguments],
            cwd=empty,
            env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_run_status_and_ui_use_the_current_folder(installed):
    workspace, succeeded = installed("-c", INGEST).splitlines()[-1].split()
    assert succeeded == "True"
    assert "/site0/" in workspace
    installed("-m", "dagster", "definitions", "validate", "-w", workspace)
    shown = installed("raman-pipeline", "status", "--json")
    assert "/empty0/data/store/sample/assets/parsed_spectra" in shown
    assert "no longer used" not in shown


def test_locate_and_identify(installed, library_file):
    found = installed("raman-pipeline", "locate", "Tsumeb mine, Tsumeb, Namibia")
    assert "Namibia, -19.2" in found
    spectrum = library_file.with_name("spectrum.txt")
    spectrum.write_text(
        "\n".join(f"{x}, {1 / (1 + (x - 500) ** 2 / 50)}" for x in range(100, 1300))
    )
    answer = installed("raman-pipeline", "identify", str(spectrum), "--library", str(library_file))
    assert "probability of being in the library" in answer
