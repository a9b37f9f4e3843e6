"""Processes killed in the middle of their work, as a user or a machine would."""

import signal
import subprocess
import sys
import time

import dagster as dg
import pyarrow.parquet as pq
import pytest

from raman_pipeline.orchestration.instance import open_instance
from raman_pipeline.orchestration.runner import Listener, run_backfill
from raman_pipeline_tests.integration.conftest import quick_settings, states

pytestmark = pytest.mark.integration

RUN = """
import sys
from pathlib import Path
from raman_pipeline.settings import load_settings
from raman_pipeline.orchestration.runner import Listener, run_backfill, run_graph
settings = load_settings("rruff", store=Path(sys.argv[2]), location=sys.argv[3])
settings = settings.model_copy(update={
    "archives": settings.archives.model_copy(update={"seconds_between_requests": 0}),
    "training": settings.training.model_copy(update={
        "preset": settings.training.preset.model_copy(update={
            "epochs": int(sys.argv[4]), "dims": (4, 8, 8, 8)})})})
if sys.argv[1] == "graph":
    outcomes = run_graph(settings, Listener(), train=False)
else:
    outcomes = run_backfill(settings, Listener(), ["0|random"], 1)
sys.exit(not all(o.succeeded for o in outcomes))
"""


def test_a_run_killed_at_any_stage_is_finished_by_the_next(site, tmp_path):
    """SIGKILL after some seconds, again and again, then once to the end."""
    code = [sys.executable, "-c", RUN, "graph", str(tmp_path), str(site), "2"]
    for seconds in (6, 9, 12):
        process = subprocess.Popen(code)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in (tmp_path / "assets").rglob("*.parquet"):
            if not path.name.startswith(".tmp-"):
                pq.read_table(path)
    assert subprocess.run(code).returncode == 0
    settings = quick_settings(tmp_path, site)
    assert states(settings)["fold_assignment"].materialized == 4
    with open_instance(settings) as instance:
        open_runs = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        assert instance.get_runs(filters=open_runs) == []


def test_a_killed_training_goes_on_from_its_checkpoint(settings, site):
    checkpoint = settings.checkpoint_store / "convnext1d" / "random" / "0.pt"
    epochs = 40
    code = [sys.executable, "-c", RUN, "train", str(settings.store), str(site), str(epochs)]
    process = subprocess.Popen(code, start_new_session=True)
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert checkpoint.exists()
    subprocess.run(["pkill", "-KILL", "-g", str(process.pid)], check=True)
    process.wait()

    changed = quick_settings(settings.store, site, epochs)
    outcomes = run_backfill(changed, Listener(), ["0|random"], processes=1)
    assert all(o.succeeded for o in outcomes)
    assert not checkpoint.exists()
    with open_instance(changed) as instance:
        records = instance.fetch_materializations(dg.AssetKey("convnext1d_model"), limit=1).records
        run = instance.get_run_by_id(records[0].run_id)
        logs = [e.message for e in instance.all_logs(run.run_id)]
    first_epoch = next(m for m in logs if m.startswith("epoch "))
    assert not first_epoch.startswith("epoch 1/")
