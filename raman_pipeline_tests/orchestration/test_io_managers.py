import dagster as dg
import numpy as np
import pyarrow as pa
import pytest

from raman_pipeline.common.errors import EarlierVersionError
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.orchestration.io_managers import io_managers
from raman_pipeline.orchestration.metadata import COLUMN_SCHEMA
from raman_pipeline.spectra.tensor_file import SpectrumTensor

TENSOR = SpectrumTensor(np.ones((2, 3), dtype=np.float32), np.arange(3.0), ("a", "b"))
OBJECTS = {
    "io_manager": pa.table({"a": [1, 2]}),
    "tensor_io_manager": TENSOR,
    "model_io_manager": ModelState({"w": np.ones(3)}, {"n": 1}),
}


def store_and_load(manager, obj):
    output = dg.build_output_context(asset_key=dg.AssetKey("thing"))
    manager.handle_output(output, obj)
    context = dg.build_input_context(upstream_output=output, asset_key=output.asset_key)
    return manager.load_input(context)


@pytest.mark.parametrize("name", OBJECTS)
def test_round_trip_to_the_same_bytes(name, tmp_path):
    folders = (tmp_path / "a", tmp_path / "b")
    loaded, _ = (store_and_load(io_managers(f, tmp_path)[name], OBJECTS[name]) for f in folders)
    first, second = ([path.read_bytes() for path in sorted(f.iterdir())] for f in folders)
    assert first == second
    assert type(loaded) is type(OBJECTS[name])
    if name == "io_manager":
        assert loaded.equals(OBJECTS[name])
    elif name == "tensor_io_manager":
        np.testing.assert_array_equal(loaded.intensity, TENSOR.intensity)
        assert loaded.member_ids == TENSOR.member_ids
    else:
        assert loaded.metadata == {"n": 1}


@pytest.mark.parametrize("input_metadata", [{}, {"allow_missing_partitions": True}])
def test_a_table_of_an_earlier_version_is_named(input_metadata, tmp_path):
    manager = io_managers(tmp_path, tmp_path)["io_manager"]
    columns = dg.TableSchema([dg.TableColumn("a"), dg.TableColumn("renamed")])
    output = dg.build_output_context(
        asset_key=dg.AssetKey("thing"), definition_metadata={COLUMN_SCHEMA: columns}
    )
    manager.handle_output(output, OBJECTS["io_manager"])
    load = dg.build_input_context(
        upstream_output=output, asset_key=output.asset_key, definition_metadata=input_metadata
    )
    if input_metadata:
        assert manager.load_input(load).equals(OBJECTS["io_manager"])
    else:
        with pytest.raises(EarlierVersionError, match=r"thing.parquet .* the columns renamed\)"):
            manager.load_input(load)
