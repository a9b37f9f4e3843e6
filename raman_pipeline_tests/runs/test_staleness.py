import dagster as dg

from raman_pipeline.orchestration.staleness import stale_assets
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.status import leftovers
from raman_pipeline_tests.orchestration.test_dagster_internals import part, whole


def test_a_report_is_stale_for_the_first_partition_and_for_every_further_one():
    instance = dg.DagsterInstance.ephemeral()
    definitions = dg.Definitions(assets=[part, whole])

    def stale():
        return list(stale_assets(definitions.resolve_asset_graph(), instance, ["whole"], None))

    def report():
        assert dg.materialize([part, whole], selection=[whole], instance=instance).success

    assert stale() == ["whole"]
    report()
    assert stale() == []
    for partition in ("a", "b"):
        assert dg.materialize([part], partition_key=partition, instance=instance).success
        assert stale() == ["whole"], partition
        report()
        assert stale() == []


def test_leftovers_are_what_belongs_to_no_asset(tmp_path):
    settings = load_settings("sample", store=tmp_path)
    assert leftovers(settings, ["spectra"]) == []
    for folder in (settings.asset_store, settings.figure_store):
        for name in ("spectra", "twin_effect"):
            (folder / name).mkdir(parents=True)
    for name in ("spectra.parquet", "located_samples.parquet", ".tmp-1"):
        (settings.asset_store / name).touch()
    assert leftovers(settings, ["spectra"]) == [
        settings.asset_store / "located_samples.parquet",
        settings.asset_store / "twin_effect",
        settings.figure_store / "twin_effect",
    ]
