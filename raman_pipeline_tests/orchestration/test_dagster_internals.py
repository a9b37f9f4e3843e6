"""What is expected of Dagster's private names; after an upgrade this file fails first."""

import inspect

import dagster as dg

from raman_pipeline.orchestration import dagster_internals as internals
from raman_pipeline_tests.conftest import PROJECT

LETTERS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=LETTERS, code_version="1")
def part(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return dg.MaterializeResult(data_version=dg.DataVersion(context.partition_key))


def whole_of(code_version):
    @dg.asset(deps=[part], code_version=code_version)
    def whole() -> dg.MaterializeResult:
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    return whole


whole = whole_of("1")


def graph_of(*assets):
    return dg.Definitions(assets=assets).resolve_asset_graph()


def test_nothing_else_imports_private_modules():
    found = [
        path.name
        for path in (PROJECT / "raman_pipeline").rglob("*.py")
        if "dagster._core" in path.read_text("utf-8").replace("`dagster._core`", "")
    ]
    assert found == ["dagster_internals.py"]


def test_the_graph_has_the_keys_in_order_and_the_nodes():
    graph = graph_of(whole, part)
    assert isinstance(graph, internals.AssetGraph)
    assert [k.to_user_string() for k in graph.toposorted_asset_keys] == ["part", "whole"]
    node = graph.get(dg.AssetKey("whole"))
    assert isinstance(node, internals.BaseAssetNode)
    assert node.parent_keys == {dg.AssetKey("part")}
    assert node.execution_set_asset_keys == {node.key}
    assert (node.is_partitioned, node.partitions_def, node.group_name) == (False, None, "default")
    assert graph.get(dg.AssetKey("part")).partitions_def == LETTERS


def test_missing_fresh_and_stale_by_code_version():
    instance, key, parent = dg.DagsterInstance.ephemeral(), dg.AssetKey("whole"), part.key
    assert internals.staleness(instance, graph_of(part, whole))(key, None)
    assert dg.materialize([part], partition_key="a", instance=instance).success
    assert dg.materialize([part, whole], selection=[whole], instance=instance).success
    assert not internals.staleness(instance, graph_of(part, whole))(key, None)
    assert internals.staleness(instance, graph_of(part, whole_of("2")))(key, None)
    of_part = internals.staleness(instance, graph_of(part, whole))
    assert [of_part(parent, p) for p in ("a", "b")] == [False, True]
    assert [internals.data_version(instance, parent, p) for p in ("a", "b")] == ["a", None]


def test_what_a_run_prints_goes_to_the_terminal_without_processes(tmp_path, monkeypatch, capfd):
    @dg.asset
    def loud():
        print("here I am", flush=True)

    monkeypatch.setattr("dagster._core.execution.compute_logs.execute_posix_tail", None)
    with internals.output_as_it_comes(), dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert dg.materialize([loud], instance=instance).success
    assert "here I am" in capfd.readouterr().out


def test_tags_failures_and_the_context_of_partitions():
    assert internals.HIDDEN_TAG_PREFIX == ".dagster/"
    assert internals.PARTITION_NAME_TAG == "dagster/partition"
    assert internals.RUN_KEY_TAG == "dagster/run_key"
    fields = inspect.signature(internals.StepFailureData.__new__).parameters
    assert {"error", "user_failure_data"} <= set(fields)
    with internals.partition_loading_context():
        assert LETTERS.get_partition_keys() == ["a", "b"]
