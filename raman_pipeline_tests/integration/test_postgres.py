"""Dagster's record and the geocoder cache in a real Postgres."""

import gc
import socket
import subprocess
import threading
import time

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from pydantic import SecretStr

from raman_pipeline.common.database import DatabaseError
from raman_pipeline.orchestration.build import build_definitions
from raman_pipeline.orchestration.launchers import HOST_TAG, LocalLauncher
from raman_pipeline.orchestration.resources import Geography
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.execution import Run, run_alone, run_stale
from raman_pipeline.runs.instance import fail_orphans, open_instance
from raman_pipeline_tests.postgres_server import PASSWORD

pytestmark = pytest.mark.integration
INGEST = Run("ingest", "fair_oriented", ("rruff_archive", "parsed_spectra", "refused_members"))


@pytest.fixture
def shared(postgres, tmp_path, monkeypatch):
    """Settings of an empty store whose record is in a database of its own."""
    address = postgres.new_database(f"store-{time.monotonic_ns()}")
    monkeypatch.setenv("RAMAN_PIPELINE_DB", address)
    return load_settings("sample", store=tmp_path / "store")


def test_a_run_is_recorded_and_the_password_is_nowhere(shared, capfd):
    assert run_alone(shared, INGEST).errors == ()
    with open_instance(shared) as instance:
        assert isinstance(instance.run_launcher, LocalLauncher)
        (run,) = instance.get_runs()
        assert run.is_success
        shown = [str(log) for log in instance.all_logs(run.run_id)]
    shown += [str(shared), repr(shared.database_url), *capfd.readouterr()]
    shown += [p.read_bytes().decode("latin-1") for p in shared.store.rglob("*") if p.is_file()]
    assert [text for text in shown if PASSWORD in text] == []
    assert not list(shared.store.rglob("*.db"))


def test_a_database_belongs_to_one_store(shared, tmp_path):
    with open_instance(shared):
        pass
    other = shared.model_copy(update={"store": tmp_path / "other"})
    with pytest.raises(DatabaseError, match="a database of its own"), open_instance(other):
        pass


def test_a_database_that_is_away_is_named(shared):
    url = f"postgresql://pipeline:{PASSWORD}@127.0.0.1:9/x"
    away = shared.model_copy(update={"database": SecretStr(url)})
    with pytest.raises(DatabaseError, match="does not answer") as error, open_instance(away):
        pass
    assert PASSWORD not in str(error.value)
    with pytest.raises(Exception, match="geocoder cache cannot be used"):
        Geography(away).cache.table()


@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_a_run_outlives_a_restart(shared, postgres, seconds):
    """It ends whole; or it fails clearly, and the next one ends whole."""
    done = []

    def restart():
        while not done and not list(shared.store.rglob("*.zip*")):
            time.sleep(0.005)
        postgres.stop()
        time.sleep(seconds)
        postgres.start()

    # What earlier tests left would otherwise be collected in that thread, where SQLite complains.
    gc.collect()
    beside = threading.Thread(target=restart)
    beside.start()
    try:
        outcome = run_alone(shared, INGEST)
        errors = outcome.errors
    except DatabaseError as error:
        errors = (str(error),)
    finally:
        done.append(True)
        beside.join()
    assert all(PASSWORD not in error for error in errors)
    with open_instance(shared) as instance:
        fail_orphans(shared, instance)
        made = run_stale(shared, build_definitions(shared), instance, INGEST.job, INGEST.partition)
        assert made.errors == ()
        assert bool(made.assets) == bool(errors)


@pytest.mark.parametrize(("host", "status"), [(socket.gethostname(), "FAILED"), ("x", "RUNNING")])
def test_the_daemon_hears_of_a_process_that_is_gone_on_its_machine(shared, host, status):
    gone = subprocess.Popen(["true"])
    gone.wait()
    with open_instance(shared) as instance:
        job = dg.JobDefinition(name="job", graph_def=dg.GraphDefinition("graph"))
        started = dg.DagsterRunStatus.STARTED
        run = instance.create_run_for_job(job, status=started, tags={HOST_TAG: host})
        instance.report_engine_event("runs", run, EngineEventData.in_process(gone.pid))
        assert instance.run_launcher.check_run_worker_health(run).status.value == status
        # That is the daemon's to find out, not a command's on any machine.
        assert fail_orphans(shared, instance) == 0
