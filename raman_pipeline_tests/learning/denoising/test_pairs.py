import numpy as np
import pytest

from raman_pipeline.learning.denoising.pairs import (
    DENOISED_PAIRS,
    baseline_corrected,
    evaluate_pairs,
)
from raman_pipeline_tests.learning.corpora import band_spectra

AXIS = np.arange(300.0)


def test_baselines_are_corrected_in_one_of_two_evaluations():
    noise = 0.005 * np.random.default_rng(0).standard_normal((6, AXIS.size))
    processed = band_spectra(6) + noise.astype(np.float32)
    raw = processed + 2 * np.exp(-AXIS / 200).astype(np.float32)
    raw = (raw - raw.min(axis=1, keepdims=True)) / np.ptp(raw, axis=1, keepdims=True)
    before, after = (np.square(x - processed).mean() for x in (raw, baseline_corrected(raw, 1.0)))
    assert after < before / 5
    found = DENOISED_PAIRS.from_rows(evaluate_pairs(raw, processed, {"half": lambda x: x / 2}, 1.0))
    assert DENOISED_PAIRS.problems(found) == []
    assert list(evaluate_pairs(raw[:0], processed[:0], {}, 1.0)) == []
    error = found.to_pandas().set_index(["baseline", "method"])["mse"]
    assert error["corrected", "nothing"] < error["uncorrected", "nothing"] / 5
    # All are scaled to 0..1 again, like the processed spectra.
    assert error["uncorrected", "half"] == pytest.approx(error["uncorrected", "nothing"])
