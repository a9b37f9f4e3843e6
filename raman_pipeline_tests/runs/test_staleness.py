import dagster as dg

from raman_pipeline.runs.staleness import stale_assets

LETTERS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=LETTERS, code_version="1")
def part(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return dg.MaterializeResult(data_version=dg.DataVersion(context.partition_key))


@dg.asset(deps=[part], code_version="1")
def whole() -> dg.MaterializeResult:
    return dg.MaterializeResult(data_version=dg.DataVersion("1"))


def test_a_report_is_due_for_the_first_partition_and_for_every_further_one():
    instance = dg.DagsterInstance.ephemeral()
    definitions = dg.Definitions(assets=[part, whole])

    def due():
        return list(stale_assets(definitions, instance, ["whole"], None))

    def make(partition):
        assert dg.materialize([part], partition_key=partition, instance=instance).success

    def report():
        assert dg.materialize([part, whole], selection=[whole], instance=instance).success

    assert due() == ["whole"]
    report()
    assert due() == []
    for partition in ("a", "b"):
        make(partition)
        assert due() == ["whole"], partition
        report()
        assert due() == []
