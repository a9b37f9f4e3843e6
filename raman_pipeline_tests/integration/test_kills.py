"""Processes killed in the middle of their work, as a user or a machine would."""

import multiprocessing
import random
import subprocess
import sys
import time

import dagster as dg
import pyarrow.parquet as pq
import pytest

from raman_pipeline.common.atomic import file_sha256
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.runner import Callbacks, run_backfill, run_graph
from raman_pipeline_tests.integration.conftest import quick_settings, states

pytestmark = pytest.mark.integration

RUN = """
import sys
from pathlib import Path
from raman_pipeline.settings import load_settings
from raman_pipeline.runs.runner import Callbacks, run_backfill
settings = load_settings("rruff", store=Path(sys.argv[1]), location=sys.argv[2])
settings = settings.model_copy(update={
    "archives": settings.archives.model_copy(update={"seconds_between_requests": 0}),
    "training": settings.training.model_copy(update={"presets": {
        name: preset.model_copy(update={"epochs": int(sys.argv[3]), "dims": (4, 8, 8, 8)})
        for name, preset in settings.training.presets.items()}})})
outcomes = run_backfill(settings, Callbacks(), ["0|random"], 1, sys.argv[4].split())
sys.exit(not all(o.succeeded for o in outcomes))
"""


KILLS = 20


def run_in_child(store, site):
    outcomes = run_graph(quick_settings(store, site), Callbacks(), train=False)
    # Printed on the error output where a run fails, so that a test says why.
    sys.exit("\n".join(error for o in outcomes for error in o.errors) or 0)


def bytes_of(store):
    kept = [store / "assets", store / "versions", *sorted(store.glob("archives/*/*.zip"))]
    files = [f for k in kept for f in ([k] if k.is_file() else sorted(k.rglob("*")))]
    return {
        str(f.relative_to(store)): file_sha256(f)
        for f in files
        if f.is_file() and not f.name.startswith(".tmp-")
    }


def test_killed_at_twenty_random_moments_and_run_again(settings, site, tmp_path):
    """SIGKILL again and again on one store, then once to the end; afresh where it got through."""
    rng = random.Random(0)
    # Forked from a server that has imported everything: the time is spent in the run.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["raman_pipeline.runs.runner"])
    stores, kills = [tmp_path / "0"], 0
    while kills < KILLS:
        child = context.Process(target=run_in_child, args=(stores[-1], site))
        child.start()
        child.join(rng.uniform(0.2, 14))
        if child.is_alive():
            child.kill()
            child.join()
            kills += 1
        else:
            assert child.exitcode == 0
            stores.append(tmp_path / str(len(stores)))
        for path in (stores[-1] / "assets").rglob("*.parquet"):
            if not path.name.startswith(".tmp-"):
                pq.read_table(path)
    last = context.Process(target=run_in_child, args=(stores[-1], site))
    last.start()
    last.join()
    assert last.exitcode == 0
    expected = bytes_of(settings.store)
    assert len(expected) > 30
    for store in stores:
        assert bytes_of(store) == expected
    finished = quick_settings(stores[-1], site)
    assert states(finished)["fold_assignment"].materialized == 4
    with open_instance(finished) as instance:
        open_runs = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        assert instance.get_runs(filters=open_runs) == []


def test_two_runs_at_once_on_one_store_make_the_same_bytes(settings, site, tmp_path):
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=run_in_child, args=(tmp_path, site)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert bytes_of(tmp_path) == bytes_of(settings.store)


def test_a_killed_training_goes_on_from_its_checkpoint(settings, site):
    checkpoint = settings.checkpoint_store / "convnext1d_model" / "0" / "random.pt"
    epochs = 40
    code = [sys.executable, "-c", RUN, str(settings.store), str(site), str(epochs), "convnext1d"]
    process = subprocess.Popen(code, start_new_session=True)
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert checkpoint.exists()
    subprocess.run(["pkill", "-KILL", "-g", str(process.pid)], check=True)
    process.wait()

    changed = quick_settings(settings.store, site, epochs)
    outcomes = run_backfill(changed, Callbacks(), ["0|random"], processes=1)
    assert all(o.succeeded for o in outcomes)
    assert not checkpoint.exists()
    with open_instance(changed) as instance:
        records = instance.fetch_materializations(dg.AssetKey("convnext1d_model"), limit=1).records
        run = instance.get_run_by_id(records[0].run_id)
        logs = [e.message for e in instance.all_logs(run.run_id)]
    first_epoch = next(m for m in logs if m.startswith("epoch "))
    assert not first_epoch.startswith("epoch 1/")
