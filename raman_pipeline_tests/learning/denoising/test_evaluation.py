import numpy as np
import pytest

from raman_pipeline.learning.denoising.evaluation import (
    DENOISING_RUNS,
    NOISE_LEVELS,
    best_setting,
    evaluate,
    match_peaks,
)
from raman_pipeline.spectra.smooth import SMOOTHERS
from raman_pipeline_tests.learning.corpora import band_spectra

AXIS = np.arange(300.0)


def test_an_oracle_beats_all_and_no_denoising_gains_nothing():
    clean = band_spectra(20)
    oracle = {"oracle": lambda noisy: clean + 1e-4}
    table = DENOISING_RUNS.from_rows(evaluate(clean, band_spectra(30, seed=1), oracle, 1, 0))
    frame = table.to_pandas()
    assert DENOISING_RUNS.problems(table) == []
    assert len(frame) == len(NOISE_LEVELS) * (2 + len(SMOOTHERS))
    wide = frame.pivot(index="noise", columns="method", values="mse")
    assert (wide["oracle"] < wide.drop(columns="oracle").min(axis=1)).all()
    assert wide["nothing"].to_numpy() == pytest.approx(np.square(NOISE_LEVELS), rel=0.05)
    gains = frame[frame["method"] == "nothing"]["snr_gain_db"]
    assert gains.to_numpy() == pytest.approx(0)
    perfect = frame[frame["method"] == "oracle"]
    assert (perfect["peak_recall"] == 1).all()
    assert (perfect["false_peaks"] == 0).all()


def test_the_seed_fixes_the_rows():
    clean, training = band_spectra(5), band_spectra(10, seed=1)
    assert list(evaluate(clean, training, {}, 1, 3)) == list(evaluate(clean, training, {}, 1, 3))


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda s: s.name)
def test_tuning_minimises_the_error(smoother):
    clean = band_spectra(10)
    noisy = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    best = np.square(smoother.variants[best_setting(smoother, noisy, clean)](noisy) - clean).mean()
    assert best == min(np.square(f(noisy) - clean).mean() for f in smoother.variants.values())


def test_lost_moved_and_false_peaks():
    def at(*centres):
        return np.max([np.exp(-0.5 * ((AXIS - c) / 4) ** 2) for c in centres], axis=0)

    recall, false_peaks, error = match_peaks(np.stack([at(52, 250)]), [np.array([50.0, 150.0])])
    assert (recall, false_peaks) == (0.5, 1)
    assert error == pytest.approx(2, abs=0.05)
    assert match_peaks(np.zeros((1, 300)), [np.array([50.0])]) == (0, 0, None)
