import os
import subprocess
import sys

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from raman_pipeline.learning.denoising.autoencoder import Autoencoder, fit_autoencoder
from raman_pipeline.learning.denoising.presets import AUTOENCODERS
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.geolocation.fitting import fit_family, predict_family
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.training.presets import PRESETS
from raman_pipeline.learning.training.threads import one_thread
from raman_pipeline_tests.learning.corpora import mineral_corpus


def limits():
    return torch.get_num_threads(), [library["num_threads"] for library in threadpool_info()]


def autoencoder(_):
    changes = {"patch": 8, "dim": 64, "encoder_depth": 1, "epochs": 1}
    corpus = mineral_corpus()
    state = fit_autoencoder(corpus, AUTOENCODERS["default"].model_copy(update=changes), 0)
    return state, Autoencoder(state).denoise(corpus.intensity)


def network(train_test):
    presets = {"default": PRESETS["default"].model_copy(update={"steps": 1})}
    family = FAMILIES["convnext1d"]
    state = fit_family(family, train_test[0], FitContext(0, "specimen", 20, presets))
    return state, predict_family(family, state, *train_test).scores


@pytest.mark.parametrize("fit", [autoencoder, network])
def test_the_number_of_threads_changes_no_byte(fit, train_test, tmp_path):
    found, initial = set(), torch.get_num_threads()
    for threads in (1, 4):
        torch.set_num_threads(threads)
        with threadpool_limits(threads):
            state, output = fit(train_test)
            assert torch.get_num_threads() == threads
        state.write(tmp_path / "state")
        found.add((tmp_path / "state").read_bytes() + output.tobytes())
    torch.set_num_threads(initial)
    assert len(found) == 1


def test_all_threads_are_limited_and_restored_after_an_error():
    before = limits()
    with pytest.raises(KeyError), one_thread():
        assert limits() == (1, [1] * len(before[1]))
        raise KeyError
    assert limits() == before


def test_libraries_that_are_loaded_within_have_one_thread():
    code = """
from threadpoolctl import threadpool_info
from raman_pipeline.learning.training.threads import one_thread
with one_thread():
    import scipy.linalg, sklearn.cluster, torch
    print({found["num_threads"] for found in threadpool_info()}, torch.get_num_threads())
"""
    environment = os.environ | {"OMP_NUM_THREADS": "4"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert run.stdout == b"{1} 1\n"
