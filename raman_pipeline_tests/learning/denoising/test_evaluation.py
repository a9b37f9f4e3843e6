import numpy as np
import pytest

from raman_pipeline.learning.denoising.evaluation import (
    DENOISING_RUNS,
    NOISE_LEVELS,
    best_setting,
    evaluate,
    match_peaks,
)
from raman_pipeline.learning.denoising.pairs import (
    DENOISED_PAIRS,
    baseline_corrected,
    evaluate_pairs,
)
from raman_pipeline.spectra.smooth import SMOOTHERS
from raman_pipeline_tests.learning.corpora import mineral_corpus

AXIS = np.arange(300.0)


def spectra_of(specimens, seed=0):
    return mineral_corpus(specimens, 1, 300, seed).intensity


def test_an_oracle_beats_all_and_no_denoising_gains_nothing():
    clean = spectra_of(5)
    oracle = {"oracle": lambda noisy: clean + 1e-4}
    rows, again = (list(evaluate(clean, spectra_of(8, seed=1), oracle, 1, 0)) for _ in range(2))
    assert rows == again
    table = DENOISING_RUNS.from_rows(rows)
    frame = table.to_pandas()
    assert DENOISING_RUNS.problems(table) == []
    assert len(frame) == len(NOISE_LEVELS) * (2 + len(SMOOTHERS))
    wide = frame.pivot(index="noise", columns="method", values="mse")
    assert (wide["oracle"] < wide.drop(columns="oracle").min(axis=1)).all()
    assert wide["nothing"].to_numpy() == pytest.approx(np.square(NOISE_LEVELS), rel=0.05)
    assert frame.query("method == 'nothing'")["snr_gain_db"].to_numpy() == pytest.approx(0)
    perfect = frame.query("method == 'oracle'")[["peak_recall", "false_peaks"]]
    assert perfect.drop_duplicates().to_numpy().tolist() == [[1, 0]]


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda s: s.name)
def test_tuning_minimises_the_error(smoother):
    clean = spectra_of(3)
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


def test_baselines_are_corrected_in_one_of_two_evaluations():
    noise = 0.005 * np.random.default_rng(0).standard_normal((8, AXIS.size))
    processed = spectra_of(2) + noise.astype(np.float32)
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
