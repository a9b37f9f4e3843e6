import dagster as dg

from raman_pipeline.orchestration.dagster_internals import staleness
from raman_pipeline.orchestration.staleness import OUTDATED, outdated_inputs, stale_assets
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


def test_what_names_outdated_inputs_is_stale_when_something_far_above_them_changed():
    instance = dg.DagsterInstance.ephemeral()

    def chain(version):
        @dg.asset(code_version=version)
        def top(): ...

        @dg.asset(code_version="1", deps=[top])
        def report(): ...

        @dg.asset(code_version="1", deps=[report])
        def page(context):
            graph = dg.Definitions(assets=assets).resolve_asset_graph()
            is_stale = staleness(context.instance, graph)
            outdated = outdated_inputs(graph, context.instance, context.asset_key, is_stale)
            return dg.MaterializeResult(metadata={OUTDATED: dg.MetadataValue.json(outdated)})

        assets = [top, report, page]
        return assets

    def made(assets, *selection):
        result = dg.materialize(assets, instance=instance, selection=selection or None)
        (event,) = result.asset_materializations_for_node("page")
        graph = dg.Definitions(assets=assets).resolve_asset_graph()
        assert list(stale_assets(graph, instance, ["page"], None)) == []
        return event.metadata[OUTDATED].value

    old, new = chain("1"), chain("2")
    assert made(old) == []
    graph = dg.Definitions(assets=new).resolve_asset_graph()
    assert list(stale_assets(graph, instance, ["page"], None)) == ["page"]
    assert made(new, new[2]) == ["report"]
    assert made(new) == []


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
