import numpy as np
import pytest

from raman_pipeline.learning.denoising.evaluation import (
    DENOISING,
    NOISE_LEVELS,
    judge,
    peaks_again,
    tuned,
)
from raman_pipeline.learning.denoising.pairs import PAIRS, baseline_corrected, judge_pairs
from raman_pipeline.spectra.smooth import SMOOTHERS

AXIS = np.arange(300.0)


def spectra(n, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(30, 270, (n, 3))
    heights = rng.uniform(0.3, 1, (n, 3))
    bands = np.exp(-0.5 * ((AXIS - centres[..., None]) / 5) ** 2)
    return np.float32((heights[..., None] * bands).max(axis=1))


def test_a_perfect_denoiser_beats_all_and_nothing_gains_nothing():
    clean = spectra(20)
    oracle = {"oracle": lambda noisy: clean + 1e-4}
    table = DENOISING.from_rows(judge(clean, spectra(30, 1), oracle, 1, 0))
    frame = table.to_pandas()
    assert DENOISING.problems(table) == []
    assert len(frame) == len(NOISE_LEVELS) * (2 + len(SMOOTHERS))
    wide = frame.pivot(index="noise", columns="method", values="mse")
    assert (wide["oracle"] < wide.drop(columns="oracle").min(axis=1)).all()
    assert wide["nothing"].to_numpy() == pytest.approx(np.square(NOISE_LEVELS), rel=0.05)
    gains = frame[frame["method"] == "nothing"]["snr_gain_db"]
    assert gains.to_numpy() == pytest.approx(0)
    perfect = frame[frame["method"] == "oracle"]
    assert (perfect["peak_recall"] == 1).all()
    assert (perfect["false_peaks"] == 0).all()


def test_same_seed_same_rows():
    clean, training = spectra(5), spectra(10, 1)
    assert list(judge(clean, training, {}, 1, 3)) == list(judge(clean, training, {}, 1, 3))


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda s: s.name)
def test_tuning_takes_the_least_error(smoother):
    clean = spectra(10)
    noisy = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    best = np.square(smoother.variants[tuned(smoother, noisy, clean)](noisy) - clean).mean()
    assert best == min(np.square(f(noisy) - clean).mean() for f in smoother.variants.values())


def test_peaks_lost_moved_and_added_are_told_apart():
    def at(*centres):
        return np.max([np.exp(-0.5 * ((AXIS - c) / 4) ** 2) for c in centres], axis=0)

    again = peaks_again(np.stack([at(52, 250)]), [np.array([50.0, 150.0])])
    assert again.found == 0.5
    assert again.error == pytest.approx(2, abs=0.05)
    assert again.added == 1
    nothing = peaks_again(np.zeros((1, 300)), [np.array([50.0])])
    assert (nothing.found, nothing.added, nothing.error) == (0, 0, None)


def test_a_background_is_taken_off_and_said_to_be():
    noise = 0.005 * np.random.default_rng(0).standard_normal((6, AXIS.size))
    processed = spectra(6) + noise.astype(np.float32)
    raw = processed + 2 * np.exp(-AXIS / 200).astype(np.float32)
    raw = (raw - raw.min(axis=1, keepdims=True)) / np.ptp(raw, axis=1, keepdims=True)
    before, after = (np.square(x - processed).mean() for x in (raw, baseline_corrected(raw, 1.0)))
    assert after < before / 5
    found = PAIRS.from_rows(judge_pairs(raw, processed, {"half": lambda x: x / 2}, 1.0))
    assert PAIRS.problems(found) == []
    assert list(judge_pairs(raw[:0], processed[:0], {}, 1.0)) == []
    error = found.to_pandas().set_index(["background", "method"])["mse"]
    assert error["taken off", "nothing"] < error["kept", "nothing"] / 5
    # Each is scaled to 0..1 again, as the processed spectra are.
    assert error["kept", "half"] == pytest.approx(error["kept", "nothing"])
