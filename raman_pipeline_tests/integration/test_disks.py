"""Stores that cannot be written, in whole runs."""

import subprocess

import pytest

from raman_pipeline.common.atomic import WriteError
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.runner import run_graph
from raman_pipeline.settings import SettingsError
from raman_pipeline_tests.integration.conftest import quick_settings, site_of
from raman_pipeline_tests.integration.test_kills import bytes_of

pytestmark = pytest.mark.integration


def test_a_full_disk_is_named_and_the_next_run_goes_on(small, small_disk):
    full = quick_settings(small_disk / "store", site_of(small))
    for size in ("1m", "3m", "6m"):
        subprocess.run(["mount", "-o", f"remount,size={size}", str(small_disk)], check=True)
        try:
            outcomes = run_graph(full, Callbacks(), train=False)
        except WriteError as error:
            messages = [str(error)]
        else:
            messages = [e for o in outcomes for e in o.errors]
        assert messages
        assert all("free some space" in m and str(small_disk) in m for m in messages)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert all(o.succeeded for o in run_graph(full, Callbacks(), train=False))
    assert bytes_of(full.store) == bytes_of(small.store)


def test_a_read_only_store_is_named(sample_folder, tmp_path, read_only):
    with (
        read_only(tmp_path / "disk") as folder,
        pytest.raises(SettingsError, match="Read-only.*RAMAN_PIPELINE_STORE"),
    ):
        run_graph(quick_settings(folder / "store", sample_folder), Callbacks(), train=False)
