import dagster as dg
import pytest
import yaml
from pydantic import SecretStr

from raman_pipeline.common.database import DatabaseError, postgres_url
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.configuration import WRITTEN, configuration, write_configuration
from raman_pipeline.settings import SettingsError
from raman_pipeline_tests.conftest import PROJECT

SECRET = "postgresql://me:hidden@db/x"
WAYS = {
    "one-machine": ({}, 2),
    "team": ({"database": SecretStr(SECRET)}, 4),
    "ray": ({"database": SecretStr(SECRET), "engine": "ray"}, 16),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_examples_are_what_is_written_and_load(way, tmp_path, postgres, monkeypatch):
    chosen, runs = WAYS[way]
    settings = load_settings("sample", store=tmp_path).model_copy(update=chosen)
    example = (PROJECT / "docs" / "deployment" / f"{way}.yaml").read_text()
    assert yaml.safe_load(example) == configuration(settings, runs)
    monkeypatch.setenv("RAMAN_PIPELINE_DB", postgres.new_database(f"example-{way}"))
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:9")
    (tmp_path / "dagster.yaml").write_text(example)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_runs() == []
        assert instance.run_coordinator.get_run_queue_config().max_concurrent_runs in (10, runs)
        launcher = "RayLauncher" if way == "ray" else instance.run_launcher.__class__.__name__
        assert instance.run_launcher.__class__.__name__ == launcher


def test_a_file_of_somebody_else_stays_and_the_number_of_runs_is_kept(tmp_path):
    settings = load_settings("sample", store=tmp_path)
    settings.dagster_home.mkdir()
    file = settings.dagster_home / "dagster.yaml"
    write_configuration(settings, 7)
    write_configuration(settings)
    assert yaml.safe_load(file.read_text()) == configuration(settings, 7)
    file.write_text("telemetry: {enabled: false}")
    write_configuration(settings, 3)
    assert file.read_text() == "telemetry: {enabled: false}"
    shared = settings.model_copy(update={"database": SecretStr(SECRET)})
    with pytest.raises(SettingsError, match="names no storage"):
        write_configuration(shared)
    file.write_text(WRITTEN)
    write_configuration(shared)
    assert "hidden" not in file.read_text()
    with pytest.raises(SettingsError, match="set RAMAN_PIPELINE_DB"):
        write_configuration(settings)


@pytest.mark.parametrize("address", ["sqlite:///hidden", "hidden", "postgresql://me:hidden@db"])
def test_what_is_no_postgres_is_refused_without_showing_it(address):
    with pytest.raises(DatabaseError) as error:
        postgres_url(address)
    assert "hidden" not in str(error.value)
    assert "hidden" not in str(postgres_url(SECRET))


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"RAMAN_PIPELINE_ENGINE": "spark"}, "use local or ray"),
        ({"RAMAN_PIPELINE_ENGINE": "ray"}, "set RAY_ADDRESS"),
    ],
)
def test_engines_that_cannot_be_used(environment, problem, monkeypatch):
    pytest.importorskip("dagster_ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=problem):
        load_settings("sample")
