import numpy as np
import pytest

from raman_pipeline.common.storage import store_path
from raman_pipeline.universal_synthetic.dataset import Labelled, load_set, write_set


def test_same_seed_same_bytes(tmp_path):
    counts = write_set(tmp_path / "a", "challenge", 7)
    assert counts == {"train": 1350, "validation": 270, "test": 162}
    write_set(tmp_path / "b", "challenge", 7)
    write_set(tmp_path / "c", "challenge", 8)
    read = [(tmp_path / n / "train.spectra.npy").read_bytes() for n in "abc"]
    assert read[0] == read[1] != read[2]
    train = load_set(tmp_path / "a")["train"]
    assert len(train.label) == len(train.top) == len(train)
    assert isinstance(train.spectra, np.memmap)
    assert train.spectra.max(axis=1).tolist() == [1.0] * len(train)


def test_a_set_in_a_bucket_is_mapped_from_a_copy(tmp_path, bucket):
    folders = tmp_path / "set", store_path(f"{bucket.url}/set")
    for folder in folders:
        write_set(folder, "challenge")
    here, there = (load_set(folder)["train"].spectra for folder in folders)
    assert isinstance(there, np.memmap)
    np.testing.assert_array_equal(here, there)


def test_an_incomplete_set_is_refused(tmp_path):
    write_set(tmp_path, "challenge")
    path = tmp_path / "test.spectra.npy"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="no complete set of synthetic spectra"):
        load_set(tmp_path)
    with pytest.raises(ValueError, match="materialise"):
        load_set(tmp_path / "nowhere")


def test_first_of_class_and_classes():
    values = np.arange(12, dtype=np.float32)
    part = Labelled(values[:, None], np.array([1, 0, 2] * 4), values)
    assert part.first_of_class(2).label.tolist() == [1, 0, 2, 1, 0, 2]
    assert part.of_classes(1, 3).label.tolist() == [1, 2] * 4
