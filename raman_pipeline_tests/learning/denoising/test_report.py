import pandas as pd

from raman_pipeline.learning.denoising.report import (
    conclusions,
    pair_summary,
    summary,
    to_markdown,
)

METHODS = {"nothing": 4.0, "Whittaker": 2.0, "wavelet": 3.0}


def runs(ours):
    rows = [
        {"preset": "default", "seed": seed, "noise": 0.05, "n": 9, "method": method, "mse": mse,
         "snr_gain_db": 1.0, "peak_recall": 0.9, "false_peaks": 0.1, "peak_error_cm1": 1.0,
         "setting": ""}
        for seed in (0, 1)
        for method, mse in (METHODS | {"autoencoder": ours}).items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_autoencoder_is_compared_with_the_best_smoother_over_seeds_and_pairs():
    table = summary(runs(1.0))
    assert set(table["seeds"]) == {2}
    assert table["method"].tolist() == ["autoencoder", "Whittaker", "wavelet", "nothing"]
    (line,) = conclusions(table)
    assert "beats the best smoother, Whittaker (2.00e+00), with 0.50 times its error." in line
    assert "loses to" in conclusions(summary(runs(3.0)))[0]
    assert "no denoising is better" in conclusions(summary(runs(5.0)))[0]
    assert "There are no RAW/Processed pairs" in to_markdown(
        table, pair_summary(pd.DataFrame()), {"n": 1}
    )
    pairs = pd.DataFrame(
        {"preset": "default", "seed": [0, 1], "baseline": "uncorrected", "method": "nothing",
         "pairs": [3, 5], "mse": [0.1, 0.3], "correlation": [0.5, 0.7]}
    )  # fmt: skip
    text = to_markdown(table, pair_summary(pairs), {"profile": "rruff"})
    assert "| default | uncorrected | nothing | 2 | 4 | 2.00e-01 | 0.6000 |" in text
