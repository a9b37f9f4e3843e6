import os
import subprocess
from unittest.mock import patch

import dagster as dg
import pytest
import sqlalchemy
from dagster._core.events import EngineEventData

from raman_pipeline.orchestration import dagster_internals
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.instance import fail_orphans, open_instance


def test_an_open_instance_makes_one_engine_per_database(tmp_path):
    made = patch.object(dagster_internals, "create_engine", wraps=sqlalchemy.create_engine)
    with made as create, open_instance(load_settings("sample", store=tmp_path)) as instance:
        instance.get_runs()
        before = create.call_count
        instance.get_runs()
        assert create.call_count == before > 0


@pytest.mark.parametrize("lives", [True, False])
def test_a_run_of_the_ui_is_failed_once_its_process_is_gone(tmp_path, lives):
    settings = load_settings("sample", store=tmp_path)
    gone = subprocess.Popen(["true"])
    gone.wait()
    with open_instance(settings) as instance:
        job = dg.JobDefinition(name="job", graph_def=dg.GraphDefinition("graph"))
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        assert fail_orphans(settings, instance) == 0
        process = EngineEventData.in_process(os.getpid() if lives else gone.pid)
        instance.report_engine_event("runs", run, process)
        assert fail_orphans(settings, instance) == (not lives)
        assert instance.get_run_by_id(run.run_id).is_failure == (not lives)
