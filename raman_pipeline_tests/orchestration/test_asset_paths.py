import dagster as dg
import pyarrow as pa
import pytest

from raman_pipeline.orchestration.asset_paths import asset_files, asset_path
from raman_pipeline.orchestration.io_managers import TableIOManager
from raman_pipeline.orchestration.partitions import ARCHIVES, FOLD_SPLIT


@pytest.mark.parametrize("partitions", [None, ARCHIVES, FOLD_SPLIT])
def test_paths_are_those_of_the_io_managers(partitions, tmp_path):
    @dg.asset(partitions_def=partitions)
    def thing():
        return pa.table({"a": [1]})

    keys = partitions.get_partition_keys()[:2] if partitions else [None]
    resources = {"io_manager": TableIOManager(tmp_path)}
    for key in keys:
        assert dg.materialize([thing], partition_key=key, resources=resources).success
    assert asset_files(tmp_path, "thing") == {k: asset_path(tmp_path, "thing", k) for k in keys}
    assert all(path.exists() for path in asset_files(tmp_path, "thing").values())
    assert asset_files(tmp_path, "another") == {}
