import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.geolocation.experiments import ExperimentData
from raman_pipeline.rruff.chemistry import compositions
from raman_pipeline.spectra.tensor_file import SpectrumTensor

ELEMENT = {"Brazil": "Si", "Chile": "Cu", "Peru": "Ca"}


@pytest.fixture
def resumed(tmp_path):
    """Runs a training from its checkpoint, killed after two epochs and again after the last."""

    def kill_after(epoch):
        def on_epoch(report):
            if report.epoch == (epoch or report.epochs):
                raise KeyboardInterrupt

        return on_epoch

    def run(fit, again=None):
        path = tmp_path / "checkpoint.pt"
        for epoch in (2, None):
            with pytest.raises(KeyboardInterrupt):
                fit(checkpoint=path, on_epoch=kill_after(epoch))
            fit = again or fit
        return fit(checkpoint=path)

    return run


@pytest.fixture(scope="session")
def train_test():
    """Training and test side of a small problem: each country has a band of its own."""
    rng = np.random.default_rng(0)
    grid = np.linspace(100, 1500, 160)
    countries = np.array(["Brazil", "Chile", "Peru"])[np.arange(90) % 3]
    brazil, chile = countries == "Brazil", countries == "Chile"
    centre = np.select([brazil, chile], [400.0, 800.0], 1200.0)
    spectra = np.exp(-(((grid - centre[:, None]) / 40) ** 2)) + 0.05 * rng.random((90, grid.size))
    spectra /= spectra.max(axis=1, keepdims=True)
    ids = [f"m{i}" for i in range(90)]
    folds = pd.DataFrame(
        {
            "member_id": ids,
            "rruff_id": [f"R{i // 2}" for i in range(90)],
            "mineral": np.where(countries == "Peru", "Calcite", "Quartz"),
            "locality": [f"L{i // 2}" for i in range(90)],
            "country": countries,
            "fold": pd.Series(np.arange(90) // 2 % 5, dtype="Int32"),
        }
    )
    folds.loc[0, "fold"] = pd.NA
    covariates = pd.DataFrame(
        {
            "member_id": ids,
            "measurement_key": ids,
            "wavelength_nm": 532.0,
            "ideal_composition": list(compositions(ELEMENT[c] for c in countries)),
            "measured_composition": list(compositions("" for _ in countries)),
            "latitude": np.select([brazil, chile], [-10.0, -30.0], np.nan),
            "longitude": np.select([brazil, chile], [-50.0, -70.0], np.nan),
        }
    )
    tensor = SpectrumTensor(spectra.astype(np.float32), grid, tuple(ids))
    return fold_train_test(folds, tensor, 0, covariates)


@pytest.fixture(scope="session")
def experiment(train_test):
    """All rows of the small problem, for experiments on folds of their own."""
    rows = pd.concat([part.metadata for part in train_test], ignore_index=True)
    covariates = [
        *("member_id", "measurement_key", "wavelength_nm", "ideal_composition"),
        *("measured_composition", "latitude", "longitude"),
    ]
    intensity = np.concatenate([part.intensity for part in train_test])
    tensor = SpectrumTensor(intensity, train_test[0].grid, tuple(rows["member_id"]))
    folds = rows.drop(columns=covariates[1:]).assign(group=0, excluded=None)
    return ExperimentData(folds, tensor, rows[covariates], 5, trees=20)
