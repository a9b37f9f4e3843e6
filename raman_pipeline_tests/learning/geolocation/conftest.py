import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.geolocation.experiments import ExperimentData
from raman_pipeline.spectra.tensor_file import SpectrumTensor


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
