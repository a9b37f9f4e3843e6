import numpy as np
import pytest
from safetensors.numpy import save_file

from raman_pipeline.common.errors import EarlierVersionError, InputError
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.spectra.tensor_file import open_tensor


@pytest.mark.parametrize("read", [open_tensor, ModelState.read])
def test_files_of_version_0_1_are_named_with_the_remedy(read, tmp_path):
    path = tmp_path / "old.safetensors"
    arrays = {"intensity": np.zeros((1, 2), np.float32), "grid": np.zeros(2)}
    save_file(arrays, path, metadata={"member_ids": "a", "about": "{}"})
    with pytest.raises(EarlierVersionError, match=r"old.safetensors .* run `raman-pipeline run`"):
        read(path)
    assert issubclass(EarlierVersionError, InputError)
