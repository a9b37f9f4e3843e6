from dataclasses import replace

import numpy as np

from raman_pipeline.learning.geolocation.duplicate_effect import duplicate_effect, with_duplicates
from raman_pipeline.spectra.tensor_file import SpectrumTensor


def test_every_spectrum_gets_a_duplicate_of_its_specimen(experiment):
    doubled = with_duplicates(experiment, 0)
    assert len(doubled.rows) == 2 * len(experiment.rows)
    assert doubled.rows["member_id"].is_unique
    counts = experiment.rows["rruff_id"].value_counts()
    assert doubled.rows["rruff_id"].value_counts().equals(2 * counts)
    n = len(experiment.rows)
    np.testing.assert_array_equal(doubled.tensor.intensity[:n], experiment.tensor.intensity)
    assert not np.allclose(doubled.tensor.intensity[n:], experiment.tensor.intensity)


def test_duplicates_help_under_the_random_split_only(experiment):
    # Labels independent of the spectra: only duplicates can be classified.
    rng = np.random.default_rng(0)
    rows = experiment.rows.assign(country=rng.permutation(experiment.rows["country"].to_numpy()))
    noisy = np.random.default_rng(1).random(experiment.tensor.intensity.shape).astype(np.float32)
    tensor = SpectrumTensor(noisy, experiment.tensor.grid, experiment.tensor.member_ids)
    runs = duplicate_effect(replace(experiment, rows=rows, tensor=tensor), 0, lambda run: None)
    accuracy = runs.to_pandas().groupby("variant")["accuracy"].mean()
    assert accuracy["nearest_neighbour, random, with duplicates"] > 0.75
    assert accuracy["nearest_neighbour, random, as measured"] < 0.55
    assert accuracy["nearest_neighbour, specimen, with duplicates"] < 0.55
