from unittest.mock import patch

import sqlalchemy

from raman_pipeline.orchestration import dagster_internals
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.instance import open_instance


def test_an_open_instance_makes_one_engine_per_database(tmp_path):
    made = patch.object(dagster_internals, "create_engine", wraps=sqlalchemy.create_engine)
    with made as create, open_instance(load_settings("sample", store=tmp_path)) as instance:
        instance.get_runs()
        before = create.call_count
        instance.get_runs()
        assert create.call_count == before > 0
