import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.geolocation.experiments import ExperimentData
from raman_pipeline.rruff.chemistry import compositions
from raman_pipeline.spectra.tensor_file import SpectrumTensor


@pytest.fixture
def resumed(tmp_path):
    """Runs a training from its checkpoint, killed after two epochs and again after the last."""

    def kill_after(epoch):
        def on_epoch(report):
            if report.epoch == (epoch or report.epochs):
                raise KeyboardInterrupt

        return on_epoch

    def run(fit, again=None, path=tmp_path / "checkpoint.pt"):
        for epoch in (2, None):
            with pytest.raises(KeyboardInterrupt):
                fit(checkpoint=path, on_epoch=kill_after(epoch))
            fit = again or fit
        return fit(checkpoint=path)

    return run


@pytest.fixture(scope="session")
def small_problem():
    """Folds, spectra and covariates of a small problem: each country has a band of its own."""
    rng = np.random.default_rng(0)
    grid = np.linspace(100, 1500, 160)
    country = np.arange(90) % 3
    centre = np.array([400.0, 800.0, 1200.0])[country]
    spectra = np.exp(-(((grid - centre[:, None]) / 40) ** 2)) + 0.05 * rng.random((90, grid.size))
    spectra /= spectra.max(axis=1, keepdims=True)
    ids = [f"m{i}" for i in range(90)]
    folds = pd.DataFrame(
        {
            "member_id": ids,
            "measurement_key": ids,
            "rruff_id": [f"R{i // 2}" for i in range(90)],
            "mineral": np.where(country == 2, "Calcite", "Quartz"),
            "site": [f"L{i // 2}" for i in range(90)],
            "country": np.array(["Brazil", "Chile", "Peru"])[country],
            "fold": pd.Series(np.arange(90) // 2 % 5, dtype="Int32"),
        }
    )
    folds.loc[0, "fold"] = pd.NA
    covariates = pd.DataFrame(
        {
            "member_id": ids,
            "wavelength_nm": 532.0,
            "ideal_composition": list(compositions(np.array(["Si", "Cu", "Ca"])[country])),
            "measured_composition": list(compositions("" for _ in ids)),
            "latitude": np.array([-10.0, -30.0, np.nan])[country],
            "longitude": np.array([-50.0, -70.0, np.nan])[country],
        }
    )
    return folds, SpectrumTensor(spectra.astype(np.float32), grid, tuple(ids)), covariates


@pytest.fixture(scope="session")
def train_test(small_problem):
    """Its training and test side; the spectrum without a fold is on neither."""
    folds, tensor, covariates = small_problem
    return fold_train_test(folds, tensor, 0, "specimen", covariates)


@pytest.fixture(scope="session")
def experiment(small_problem):
    """All its rows, for experiments on folds of their own."""
    folds, tensor, covariates = small_problem
    return ExperimentData(folds.assign(group=0, excluded=None), tensor, covariates, 5, trees=20)
