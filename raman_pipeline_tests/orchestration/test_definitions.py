import subprocess
import sys
from datetime import datetime

import dagster as dg
import pytest

from raman_pipeline.definitions import build_definitions, defs
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.orchestration import jobs
from raman_pipeline.orchestration.asset_kit import SCHEMA_CHECK
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.schedules import weekly_refresh
from raman_pipeline.profiles import load_settings
from raman_pipeline.settings import GridSettings, TrainingSettings

SETTINGS = load_settings("sample")


SPECS = {s.key.to_user_string(): s for s in defs.resolve_all_asset_specs()}
SLOW_TO_IMPORT = (
    "torch", "sklearn", "matplotlib", "plotly", "numba", "scipy", "geopandas", "shapely", "pyproj",
    "pandera",
)  # fmt: skip


def test_loading_imports_nothing_slow():
    code = (
        f"import sys, raman_pipeline.definitions; print({{*{SLOW_TO_IMPORT}}} & {{*sys.modules}})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_asset_says_what_it_is():
    for name, spec in SPECS.items():
        assert spec.description and spec.kinds and spec.code_version, name
        assert spec.group_name != "default", name
        assert spec.owners == ["team:raman-pipeline"], name


def test_every_table_has_a_blocking_schema_check():
    graph = defs.resolve_asset_graph()
    checked = {
        key.asset_key.to_user_string()
        for key in graph.asset_check_keys
        if key.name == SCHEMA_CHECK and graph.get_check_spec(key).blocking
    }
    tables = {name for name, s in SPECS.items() if "parquet" in s.kinds}
    assert tables <= checked
    soft = {k.name for k in graph.asset_check_keys if not graph.get_check_spec(k).blocking}
    assert soft == {"countries_found", "folds_tied", "requested_map", "same_name_same_country"}


def test_every_asset_is_in_one_job():
    of_jobs = [asset for job in jobs.GROUPS for asset in jobs.assets_of(defs, job)]
    assert sorted(of_jobs) == sorted(SPECS)
    for job in jobs.JOBS:
        assert defs.resolve_job_def(job.name)


EXPERIMENTS = ("paired_comparison", "input_ablation", "learning_curve", "duplicate_effect")


def code_versions(settings):
    specs = build_definitions(settings).resolve_all_asset_specs()
    return {s.key.to_user_string(): s.code_version for s in specs}


@pytest.mark.parametrize(
    ("change", "affected"),
    [
        (
            {"grid": GridSettings(points=256)},
            {"wavenumber_window", "resampled_spectra", "geolocation_report", *EXPERIMENTS}
            | {f"{name}_predictions" for name in FAMILIES},
        ),
        (
            {"training": TrainingSettings(seed=7)},
            {"geolocation_report", "augmented_training_set"}
            | {f"convnext1d{p}_{k}" for p in ("", "_paper") for k in ("model", "predictions")},
        ),
    ],
)
def test_a_setting_makes_stale_what_uses_it(change, affected):
    before = code_versions(SETTINGS)
    after = code_versions(SETTINGS.model_copy(update=change))
    assert {name for name in before if before[name] != after[name]} == affected


def test_where_things_lie_makes_nothing_stale(tmp_path):
    assert code_versions(SETTINGS) == code_versions(load_settings("sample", store=tmp_path))


def test_the_weekly_refresh_and_what_follows_are_on_from_the_start():
    repository = defs.get_repository_def()
    assert repository.get_schedule_def("weekly_refresh").default_status.value == "RUNNING"
    assert repository.get_sensor_def("follow_up").default_status.value == "RUNNING"
    # A daily check of all archives is opt-in.
    assert repository.get_sensor_def("changed_archives").default_status.value == "STOPPED"
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 11, 23, 5))
    requests = weekly_refresh(context)
    assert {r.partition_key for r in requests} == set(ARCHIVES.get_partition_keys())
    assert len({r.run_key for r in requests}) == len(requests)


def test_settings_follow_the_environment_but_the_sample_never_uses_the_network(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("RAMAN_PIPELINE_PROFILE", "rruff")
    monkeypatch.setenv("RAMAN_PIPELINE_STORE", str(tmp_path))
    monkeypatch.setenv("RRUFF_URL", "https://somewhere")
    settings = load_settings()
    assert (settings.profile, settings.store) == ("rruff", tmp_path)
    assert settings.archives.location == "https://somewhere"
    assert "embedded" in load_settings("sample").archives.location
