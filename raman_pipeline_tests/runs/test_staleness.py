import dagster as dg

from raman_pipeline.runs.staleness import stale_assets
from raman_pipeline_tests.runs.test_dagster_internals import part, whole


def test_a_report_is_stale_for_the_first_partition_and_for_every_further_one():
    instance = dg.DagsterInstance.ephemeral()
    definitions = dg.Definitions(assets=[part, whole])

    def stale():
        return list(stale_assets(definitions, instance, ["whole"], None))

    def make(partition):
        assert dg.materialize([part], partition_key=partition, instance=instance).success

    def report():
        assert dg.materialize([part, whole], selection=[whole], instance=instance).success

    assert stale() == ["whole"]
    report()
    assert stale() == []
    for partition in ("a", "b"):
        make(partition)
        assert stale() == ["whole"], partition
        report()
        assert stale() == []
