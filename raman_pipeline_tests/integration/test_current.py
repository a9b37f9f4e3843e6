"""The command line and the sensor `follow_up` ask for the same assets after a change.

`pytest -s` prints the table: change, assets.
"""

import json

import dagster as dg
import pyarrow.parquet as pq
import pytest

from raman_pipeline.definitions import build_definitions
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.orchestration import jobs
from raman_pipeline.orchestration.assets import folds
from raman_pipeline.orchestration.dagster_internals import RUN_KEY_TAG
from raman_pipeline.orchestration.sensors import FOLLOWED
from raman_pipeline.orchestration.staleness import stale_assets
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.runner import run_job
from raman_pipeline.settings import GridSettings
from raman_pipeline_tests.integration.conftest import requested, requests, two_archives

pytestmark = pytest.mark.integration

LOCALITIES = {"cleaned_localities", "countries", "geocoded_localities", "located_localities"}


@pytest.fixture(scope="module")
def settings(small_store):
    with two_archives():
        yield small_store


@pytest.fixture(scope="module", autouse=True)
def page(settings):
    assert run_job(settings, "index", Callbacks())[0].succeeded
    assert asked(settings) == ([], [])


def asked(settings):
    """Returns what the sensor and the command line ask for."""
    definitions = build_definitions(settings)
    with open_instance(settings) as instance:
        by_sensor = requested(definitions, instance)
        graph = definitions.resolve_asset_graph()
        by_command = []
        for job in (*FOLLOWED, "index"):
            if by_command and job != "index":
                continue
            members = set(jobs.assets_of(definitions, job)) - {"rruff_archive"}
            keys = definitions.resolve_job_def(job).partitions_def
            for partition in keys.get_partition_keys() if keys else [None]:
                if assets := set(stale_assets(graph, instance, members, partition)):
                    by_command.append((partition, assets))
    return by_sensor, by_command


def with_geography(settings, **changes):
    geography = settings.geography.model_copy(update=changes)
    return settings.model_copy(update={"geography": geography})


def other_grid(settings, tmp_path, monkeypatch):
    return settings.model_copy(update={"grid": GridSettings(points=300)})


def other_map(name):
    def change(settings, tmp_path, monkeypatch):
        """The same file name with other bytes."""
        old = getattr(settings.geography, name)
        pq.write_table(pq.read_table(old), tmp_path / old.name, compression="gzip")
        return with_geography(settings, **{name: tmp_path / old.name})

    return change


def other_overrides(settings, tmp_path, monkeypatch):
    path = tmp_path / "overrides.csv"
    path.write_bytes(settings.geography.overrides_file.read_bytes() + b"\n")
    return with_geography(settings, overrides_file=path)


def other_geonames(settings, tmp_path, monkeypatch):
    path = tmp_path / "countries.json"
    path.write_text(json.dumps({}))
    monkeypatch.setattr("raman_pipeline.settings.geonames_files", lambda: [path])
    return settings


def other_code(settings, tmp_path, monkeypatch):
    def changed(spec):
        return spec.replace_attributes(code_version=f"{spec.code_version}.1")

    (asset,) = dg.map_asset_specs(changed, [folds.dealt_folds])
    monkeypatch.setattr(folds, "dealt_folds", asset)
    return settings


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (other_code, {"dealt_folds", "fold_assignment"}),
        (other_grid, {"wavenumber_window", "resampled_spectra"}),
        (other_map("countries_file"), LOCALITIES),
        (other_map("admin_divisions_file"), LOCALITIES),
        (other_overrides, LOCALITIES),
        (other_geonames, LOCALITIES),
    ],
)
def test_sensor_and_command_line_agree(settings, tmp_path, monkeypatch, change, least):
    by_sensor, by_command = asked(change(settings, tmp_path, monkeypatch))
    print(change.__name__, "\n  UI:", by_sensor, "\n  command line:", by_command)
    assert by_sensor == by_command
    assert least <= by_sensor[0][1]


@pytest.mark.parametrize(("fails", "again"), [(False, True), (True, False)])
def test_a_killed_run_is_requested_once_more_and_a_failed_one_is_not(settings, fails, again):
    @dg.op
    def step():
        raise dg.Failure

    job = dg.JobDefinition(name="dataset", graph_def=dg.GraphDefinition("g", node_defs=[step]))
    keys = []
    definitions = build_definitions(other_grid(settings, None, None))
    with open_instance(settings) as instance:
        for _ in range(3):
            keys.append(requests(definitions, instance)[0].run_key)
            tags = {RUN_KEY_TAG: keys[-1]}
            if fails:
                job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
            else:
                instance.report_run_failed(instance.create_run_for_job(job, tags=tags))
    assert [key == keys[0] for key in keys] == [True, not again, not again]
    assert keys[1] == keys[2]


def test_a_map_that_could_not_be_downloaded_is_asked_for_again(settings):
    offline = with_geography(settings, natural_earth_url="http://127.0.0.1:9")
    (made,) = run_job(offline, "dataset", Callbacks())
    assert made.succeeded
    assert set(made.assets) >= LOCALITIES
    assert run_job(offline, "dataset_reports", Callbacks())[0].succeeded
    assert asked(offline) == ([(None, {"countries"})],) * 2
    # Without a network nothing that depends on it is made again.
    assert run_job(offline, "dataset", Callbacks())[0].assets == ("countries",)
    assert asked(offline) == ([(None, {"countries"})],) * 2
    # Nor does what is stale for another reason wait for it.
    folds = offline.folds.model_copy(update={"seed": 1})
    by_sensor, _ = asked(offline.model_copy(update={"folds": folds}))
    assert by_sensor[0] == (None, {"countries"})
    assert {partition for partition, _ in by_sensor[1:]} == set(SPLITS)
