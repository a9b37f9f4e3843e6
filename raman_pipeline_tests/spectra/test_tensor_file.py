import numpy as np
import pytest
from safetensors.numpy import save_file

from raman_pipeline.common.errors import EarlierVersionError
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.spectra.tensor_file import SpectrumTensor, open_tensor, write_tensor


def tensor_of(n=5):
    rng = np.random.default_rng(0)
    ids = tuple(f"id{i}" for i in range(n))
    return SpectrumTensor(rng.random((n, 7), dtype=np.float32), np.linspace(0, 1, 7), ids)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_round_trip_memory_mapped(tmp_path, n):
    tensor, path = tensor_of(n), tmp_path / "t.safetensors"
    write_tensor(path, tensor)
    opened = open_tensor(path)
    np.testing.assert_array_equal(opened.intensity, tensor.intensity)
    np.testing.assert_array_equal(opened.grid, tensor.grid)
    assert opened.member_ids == tensor.member_ids
    assert n == 0 or isinstance(opened.intensity, np.memmap)
    # Written again, it has the same bytes.
    write_tensor(tmp_path / "again", opened)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("keep", [0, 5, 40, -1])
def test_cut_files_are_refused(tmp_path, keep):
    path = tmp_path / "t.safetensors"
    write_tensor(path, tensor_of())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="not a complete spectrum tensor"):
        open_tensor(path)


@pytest.mark.parametrize("read", [open_tensor, ModelState.read])
def test_files_of_version_0_1_are_named_with_the_remedy(read, tmp_path):
    path = tmp_path / "old.safetensors"
    arrays = {"intensity": np.zeros((1, 2), np.float32), "grid": np.zeros(2)}
    save_file(arrays, path, metadata={"member_ids": "a", "about": "{}"})
    with pytest.raises(EarlierVersionError, match=r"old.safetensors .* run `raman-pipeline run`"):
        read(path)


def test_rows_and_shapes():
    tensor = tensor_of()
    assert list(tensor.rows_of(["id3", "id0"])) == [3, 0]
    with pytest.raises(KeyError):
        tensor.rows_of(["other"])
    with pytest.raises(ValueError, match="ids"):
        SpectrumTensor(tensor.intensity, tensor.grid, ("one",))
