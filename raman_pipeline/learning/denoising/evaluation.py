"""Evaluation of denoisers on spectra with added noise: error, SNR gain and peaks.

What belongs here: the evaluation of any denoiser, and tuning of classical ones. What does not:
the smoothers (see `raman_pipeline.spectra.smooth`), measured pairs of RAW and processed
spectra (see `pairs`).

The clean spectra are measured ones and contain some noise; all methods are compared against
the same spectra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.spectra.peaks import find_peaks
from raman_pipeline.spectra.smooth import SMOOTHERS, Floats, Smoother

NOISE_LEVELS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Standard deviations of the added noise, for spectra between 0 and 1."""
PEAK_PROMINENCE = 0.1
PEAK_TOLERANCE = 10.0
"""Grid points within which a peak of the denoised spectrum matches a true one."""
TUNING_SPECTRA = 200
"""Training spectra on which smoothers are tuned."""

Denoiser = Callable[[npt.NDArray[np.float32]], Floats]

DENOISING_RUNS = TableSchema(
    "denoising_runs",
    (
        Column("method", pa.string(), "denoiser, or `nothing`"),
        Column("seed", pa.int32(), "seed of held-out specimens, noise and network"),
        Column("noise", pa.float64(), "standard deviation of the added noise"),
        Column("n", pa.int32(), "number of held-out spectra"),
        Column("mse", pa.float64(), "mean squared error to the spectrum as measured"),
        Column("snr_gain_db", pa.float64(), "gain in signal-to-noise ratio, dB"),
        Column("peak_recall", pa.float64(), "share of true peaks that are found", between=(0, 1)),
        Column("false_peaks", pa.float64(), "peaks far from any true peak, per spectrum"),
        Column("peak_error_cm1", pa.float64(), "mean position error of found peaks, cm⁻¹", True),
        Column("setting", pa.string(), "smoother's setting, tuned on training spectra"),
    ),
    unique_together=("method", "seed", "noise"),
)


def evaluate(
    clean: npt.NDArray[np.float32],
    training: npt.NDArray[np.float32],
    denoisers: Mapping[str, Denoiser],
    step_cm1: float,
    seed: int,
) -> Iterator[dict[str, object]]:
    """Yields rows of DENOISING_RUNS: no denoising, every classical smoother, the given denoisers.

    Each smoother is tuned per noise level: it gets the setting of least error on training
    spectra. The given denoisers get the noisy spectrum alone.

    Args:
        clean: float32 [n, m], spectra of specimens held out of every denoiser's training.
        training: float32 [k, m], spectra to tune the smoothers on.
        denoisers: name to denoiser.
        step_cm1: grid step, cm⁻¹.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    tuning = _tuning_spectra(training, rng)
    peaks = [find_peaks(spectrum, PEAK_PROMINENCE)[0] for spectrum in clean]
    for noise in NOISE_LEVELS:
        noisy = clean + noise * rng.standard_normal(clean.shape, dtype=np.float32)
        methods: dict[str, tuple[str, Denoiser]] = {"nothing": ("", lambda x: x)}
        methods |= tuned_smoothers(noise, tuning, rng)
        methods |= {name: ("", denoiser) for name, denoiser in denoisers.items()}
        before = float(np.square(noisy - clean).mean())
        for name, (setting, denoise) in methods.items():
            denoised = denoise(noisy)
            error = float(np.square(denoised - clean).mean())
            recall, false_peaks, position_error = match_peaks(denoised, peaks)
            yield {
                "method": name,
                "seed": seed,
                "noise": noise,
                "n": len(clean),
                "mse": error,
                "snr_gain_db": 10 * float(np.log10(before / error)),
                "peak_recall": recall,
                "false_peaks": false_peaks,
                "peak_error_cm1": None if position_error is None else position_error * step_cm1,
                "setting": setting,
            }


def smoothers_of_least_noise(training: npt.NDArray[np.float32], seed: int) -> dict[str, Denoiser]:
    """Returns every classical smoother by name, tuned for the lowest of NOISE_LEVELS."""
    rng = np.random.default_rng(seed)
    tuned = tuned_smoothers(min(NOISE_LEVELS), _tuning_spectra(training, rng), rng)
    return {name: smooth for name, (_, smooth) in tuned.items()}


def _tuning_spectra(
    training: npt.NDArray[np.float32], rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    return training[rng.permutation(len(training))[:TUNING_SPECTRA]]


def tuned_smoothers(
    noise: float, training: npt.NDArray[np.float32], rng: np.random.Generator
) -> dict[str, tuple[str, Denoiser]]:
    """Returns every classical smoother by name, with its best setting for a noise level."""
    noisy = training + noise * rng.standard_normal(training.shape, dtype=np.float32)
    best = {smoother.name: best_setting(smoother, noisy, training) for smoother in SMOOTHERS}
    return {s.name: (best[s.name], s.variants[best[s.name]]) for s in SMOOTHERS}


def best_setting(smoother: Smoother, noisy: Floats, clean: Floats) -> str:
    """Returns the setting of least mean squared error."""
    errors = {
        setting: float(np.square(smooth(noisy) - clean).mean())
        for setting, smooth in smoother.variants.items()
    }
    return min(errors, key=lambda setting: errors[setting])


class PeakMatch(NamedTuple):
    """Peaks of denoised spectra compared with the true ones.

    Attributes:
        recall: share of true peaks that are found.
        false_peaks: peaks far from any true one, per spectrum.
        position_error: mean distance of found peaks, grid points; None without any.
    """

    recall: float
    false_peaks: float
    position_error: float | None


def match_peaks(spectra: Floats, peaks: Sequence[Floats]) -> PeakMatch:
    """Compares the peaks of denoised spectra with the true ones.

    A true peak is found if its window (PEAK_TOLERANCE to both sides, at most halfway to the
    next true peak) contains a peak of half PEAK_PROMINENCE; the highest one gives the position,
    since noise has small peaks everywhere. A peak of full prominence outside PEAK_TOLERANCE of
    all true peaks is a false one.

    Args:
        spectra: [n, m], denoised.
        peaks: true positions per spectrum, grid points, ascending.
    """
    distances: list[float] = []
    false_peaks = 0
    for spectrum, truth in zip(spectra, peaks, strict=True):
        candidates = find_peaks(spectrum, PEAK_PROMINENCE / 2)[0]
        heights = np.interp(candidates, np.arange(len(spectrum)), spectrum)
        for position, (low, high) in zip(truth, _windows(truth), strict=True):
            inside = (candidates >= low) & (candidates <= high)
            if inside.any():
                highest = candidates[inside][heights[inside].argmax()]
                distances.append(abs(float(highest - position)))
        prominent = find_peaks(spectrum, PEAK_PROMINENCE)[0]
        near = np.abs(prominent[:, None] - truth) <= PEAK_TOLERANCE
        false_peaks += int((~near.any(axis=1)).sum())
    total = sum(map(len, peaks))
    return PeakMatch(
        len(distances) / total if total else 0.0,
        false_peaks / len(spectra),
        float(np.mean(distances)) if distances else None,
    )


def _windows(peaks: Floats) -> npt.NDArray[np.float64]:
    """Returns the first and the last point of each peak's window, [n, 2]."""
    half = np.diff(peaks, prepend=-np.inf, append=np.inf) / 2
    reach = np.minimum(half, PEAK_TOLERANCE)
    return np.stack([peaks - reach[:-1], peaks + reach[1:]], axis=1)
