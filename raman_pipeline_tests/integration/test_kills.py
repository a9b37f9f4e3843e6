"""Processes killed in the middle of their work, as a user or a machine would."""

import multiprocessing
import os
import random
import signal
import sys
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from raman_pipeline.common.atomic import file_sha256
from raman_pipeline.geography.geocoding.geocoder import GeocodeQuery
from raman_pipeline.orchestration.build import build_definitions
from raman_pipeline.orchestration.jobs import assets_of_families
from raman_pipeline.orchestration.sensors import FOLLOWED
from raman_pipeline.runs import runner
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.runner import run_graph
from raman_pipeline_tests.integration.conftest import (
    in_this_process,
    quick_settings,
    site_of,
    states,
    use_archives_of,
)

pytestmark = pytest.mark.integration

# Forked from a server that has imported everything: the time is spent in the run.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["raman_pipeline_tests.integration.warm"])
fork = multiprocessing.get_context("fork")


def run_in_child(settings):
    use_archives_of(site_of(settings))
    outcomes = run_graph(settings, Callbacks(), train=False)
    # Printed on the error output where a run fails, so that a test says why.
    sys.exit("\n".join(error for o in outcomes for error in o.errors) or 0)


def call_at_replacements(call):
    """Lets `call(moment, target)` be called before and after each replacement of a file."""
    replace = Path.replace

    def replacing(self, target):
        call("before", target)
        replaced = replace(self, target)
        call("after", target)
        return replaced

    Path.replace = replacing


def die_at_a_new_point(settings, log, moments):
    """Runs the graph, and dies before or after it replaces the first file not in `log`.

    Without `moments`, of the files of one folder only at the first of each suffix, once.
    """
    seen = log.read_text().splitlines()

    def die_if_new(moment, target):
        chosen = moments or (("before", "after")[len(seen) % 2],)
        point = f"{moment} {target}" if moments else f"once {kind_of(target)}"
        if moment in chosen and point not in seen and not is_temporary(target):
            log.write_text("\n".join([*seen, point]))
            os.kill(os.getpid(), signal.SIGKILL)

    call_at_replacements(die_if_new)
    if not (settings.asset_store / "member_changes.parquet").exists():
        run_in_child(settings)
    # Archives are requested in every run; here only until they are read, to save time.
    use_archives_of(site_of(settings))
    for job in FOLLOWED[1:]:
        runner.run_job(settings, job, Callbacks())


def die_at_every_point(settings, log, moments):
    """Runs the graph in one process after the other until none dies.

    They are forked from this one, which has the definitions and the maps.
    """
    definitions = build_definitions(settings)
    for job in ("ingest", *FOLLOWED):
        definitions.resolve_job_def(job)
    definitions.resources["geography"].atlas.offline.find(GeocodeQuery("Namibia", None))
    runner.build_definitions = lambda settings: definitions
    for _ in range(400):
        process = fork.Process(target=die_at_a_new_point, args=(settings, log, moments))
        process.start()
        if (code := exit_code(process)) == 0:
            return
        assert code == -signal.SIGKILL
        assert_readable(settings.store)
    pytest.fail("there is always a new point")


def train(settings):
    assets = assets_of_families(["convnext1d"])
    return runner.run_job(settings, "training", Callbacks(), ["0|random"], assets=assets)


def train_in_child(settings, checkpoint):
    """Trains, and dies when the third epoch is stored."""
    epochs = []

    def die_at_the_third(moment, target):
        epochs.extend([1] * ((moment, target) == ("after", checkpoint)))
        if len(epochs) == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    call_at_replacements(die_at_the_third)
    runner.in_processes = in_this_process
    train(settings)


def child(target, *arguments):
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


def exit_code(process):
    process.join(600)
    if process.exitcode is None:
        process.kill()
        pytest.fail("the run did not end")
    assert process.exitcode != 255, "the server that the process was forked from is gone"
    return process.exitcode


def kind_of(path):
    """Returns folder and suffix of a file; its name where files of several assets lie together."""
    return path if path.parent.name in ("assets", "store") else path.parent / f"*{path.suffix}"


def is_temporary(path):
    return path.parent.name.startswith(".tmp-")


def bytes_of(store):
    kept = [store / "assets", store / "versions", *sorted(store.glob("archives/*/*.zip"))]
    files = [f for k in kept for f in ([k] if k.is_file() else sorted(k.rglob("*")))]
    return {
        str(f.relative_to(store)): file_sha256(f)
        for f in files
        if f.is_file() and not is_temporary(f)
    }


def assert_readable(store):
    for path in (store / "assets").rglob("*.parquet"):
        if not is_temporary(path):
            pq.read_table(path)


def assert_as_if_never_killed(finished, settings):
    expected = bytes_of(settings.store)
    assert len(expected) > 20
    assert bytes_of(finished.store) == expected
    assert states(finished)["fold_assignment"].materialized == 5
    with open_instance(finished) as instance:
        open_runs = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        assert instance.get_runs(filters=open_runs) == []


@pytest.mark.parametrize(
    "moments", [(), pytest.param(("before", "after"), marks=pytest.mark.long)], ids=["one", "both"]
)
def test_killed_at_every_replacement_of_a_file(small, tmp_path, moments):
    """One store: each run goes on after the last one and dies at the next file.

    It dies once for each asset, before and after files by turns, or on both sides of each file.
    """
    log, killed = tmp_path / "points", quick_settings(tmp_path / "store", site_of(small))
    log.touch()
    assert exit_code(child(die_at_every_point, killed, log, moments)) == 0
    assert len(log.read_text().splitlines()) >= (80 if moments else 30)
    assert exit_code(child(run_in_child, killed)) == 0
    assert_as_if_never_killed(killed, small)


@pytest.mark.long
def test_killed_at_twenty_random_moments_and_run_again(settings, tmp_path):
    """SIGKILL again and again on one store, then once to the end; afresh where it got through."""
    rng = random.Random(0)
    kills, stores = 0, [quick_settings(tmp_path / "0", site_of(settings))]
    while kills < 20:
        process = child(run_in_child, stores[-1])
        process.join(rng.uniform(0.2, 8))
        if process.is_alive():
            process.kill()
            process.join()
            kills += 1
        else:
            assert process.exitcode == 0
            store = tmp_path / str(len(stores))
            stores.append(quick_settings(store, site_of(settings)))
        assert_readable(stores[-1].store)
    assert exit_code(child(run_in_child, stores[-1])) == 0
    for store in stores:
        assert_as_if_never_killed(store, settings)


def test_two_runs_at_once_on_one_store_make_the_same_bytes(small, tmp_path):
    both = quick_settings(tmp_path, site_of(small))
    children = [child(run_in_child, both) for _ in range(2)]
    assert [exit_code(process) for process in children] == [0, 0]
    assert bytes_of(tmp_path) == bytes_of(small.store)


def test_a_killed_training_goes_on_from_its_checkpoint(settings, monkeypatch):
    checkpoint = settings.checkpoint_store / "convnext1d_model" / "0" / "random.pt"
    longer = quick_settings(settings.store, site_of(settings), epochs=15)
    assert exit_code(child(train_in_child, longer, checkpoint)) == -signal.SIGKILL
    assert checkpoint.exists()
    monkeypatch.setattr(runner, "in_processes", in_this_process)
    assert [o.errors for o in train(longer) if not o.succeeded] == []
    assert not checkpoint.exists()
    with open_instance(longer) as instance:
        records = instance.fetch_materializations(dg.AssetKey("convnext1d_model"), limit=1).records
        run = instance.get_run_by_id(records[0].run_id)
        logs = [e.message for e in instance.all_logs(run.run_id)]
    assert next(m for m in logs if m.startswith("epoch ")).startswith("epoch 4/")
