"""Denoisers judged: error, gain and peak positions on noise that was added.

What belongs here: the judging of any denoiser, and tuning classical ones in their favour.
What does not: the smoothers (see `raman_pipeline.spectra.smooth`), measured pairs of RAW and
processed spectra (see `pairs`).

Spectra are measured, so what counts as clean holds some noise of its own; no method is asked
to keep or to remove it, all are asked for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.spectra.peaks import find_peaks
from raman_pipeline.spectra.smooth import SMOOTHERS, Floats, Smoother

NOISE_LEVELS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Standard deviations, for spectra between 0 and 1."""
PEAK_PROMINENCE = 0.1
PEAK_REACH = 10.0
"""Grid points within which a peak of the denoised spectrum counts as the same."""
TUNED_ON = 200
"""Training spectra that smoothers are tuned on."""

Denoiser = Callable[[npt.NDArray[np.float32]], Floats]

DENOISING = TableSchema(
    "denoising",
    (
        Column("method", pa.string(), "denoiser, or `nothing`"),
        Column("seed", pa.int32(), "of the held-out specimens, the noise and the network"),
        Column("noise", pa.float64(), "standard deviation that was added"),
        Column("n", pa.int32(), "spectra of unseen specimens"),
        Column("mse", pa.float64(), "mean squared error to the spectrum as measured"),
        Column("snr_gain_db", pa.float64(), "less noise power than before, decibels"),
        Column("peak_recall", pa.float64(), "share of peaks found again", between=(0, 1)),
        Column("false_peaks", pa.float64(), "peaks where there is none, a spectrum"),
        Column("peak_error_cm1", pa.float64(), "mean distance of peaks found again, cm⁻¹", True),
        Column("setting", pa.string(), "chosen on training specimens for this noise"),
    ),
    unique_together=("method", "seed", "noise"),
)


def judge(
    clean: npt.NDArray[np.float32],
    training: npt.NDArray[np.float32],
    denoisers: Mapping[str, Denoiser],
    step_cm1: float,
    seed: int,
) -> Iterator[dict[str, object]]:
    """Yields rows of DENOISING: nothing, every classical smoother and the given denoisers.

    Classical smoothers are given the noise level: for each one the setting of least error on
    training spectra is taken. The given denoisers see nothing but the noisy spectrum.

    Args:
        clean: float32 [n, m], spectra of specimens that no denoiser has seen.
        training: float32 [k, m], spectra to tune the smoothers on.
        denoisers: name to denoiser.
        step_cm1: distance of two grid points, cm⁻¹.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    few = training[rng.permutation(len(training))[:TUNED_ON]]
    peaks = [find_peaks(spectrum, PEAK_PROMINENCE)[0] for spectrum in clean]
    for noise in NOISE_LEVELS:
        noisy = clean + noise * rng.standard_normal(clean.shape, dtype=np.float32)
        methods: dict[str, tuple[str, Denoiser]] = {"nothing": ("", lambda x: x)}
        methods |= smoothers_for(noise, few, rng)
        methods |= {name: ("", denoiser) for name, denoiser in denoisers.items()}
        before = float(np.square(noisy - clean).mean())
        for name, (setting, denoise) in methods.items():
            found = denoise(noisy)
            error = float(np.square(found - clean).mean())
            again = peaks_again(found, peaks)
            yield {
                "method": name,
                "seed": seed,
                "noise": noise,
                "n": len(clean),
                "mse": error,
                "snr_gain_db": 10 * float(np.log10(before / error)),
                "peak_recall": again.found,
                "false_peaks": again.added,
                "peak_error_cm1": None if again.error is None else again.error * step_cm1,
                "setting": setting,
            }


def smoothers_for(
    noise: float, training: npt.NDArray[np.float32], rng: np.random.Generator
) -> dict[str, tuple[str, Denoiser]]:
    """Returns every classical smoother with its best setting for a noise level."""
    noisy = training + noise * rng.standard_normal(training.shape, dtype=np.float32)
    chosen = {smoother.name: (tuned(smoother, noisy, training), smoother) for smoother in SMOOTHERS}
    return {name: (setting, s.variants[setting]) for name, (setting, s) in chosen.items()}


def tuned(smoother: Smoother, noisy: Floats, clean: Floats) -> str:
    """Returns the setting of least mean squared error."""
    errors = {
        setting: float(np.square(smooth(noisy) - clean).mean())
        for setting, smooth in smoother.variants.items()
    }
    return min(errors, key=lambda setting: errors[setting])


@dataclass(frozen=True)
class PeaksAgain:
    """How the peaks of clean spectra come through denoising.

    Attributes:
        found: share that is found again.
        added: other peaks, a spectrum.
        error: mean distance of those found, grid points; None without any.
    """

    found: float
    added: float
    error: float | None


def peaks_again(spectra: Floats, peaks: Sequence[Floats]) -> PeaksAgain:
    """Looks for known peaks in denoised spectra.

    A peak is found where its own stretch (PEAK_REACH to both sides, halfway to the next peak
    at most) has a peak of half PEAK_PROMINENCE; its position is that of the highest one, since
    noise has some peak near everything. Peaks of the whole prominence elsewhere are added.

    Args:
        spectra: [n, m], denoised.
        peaks: for each, the positions in the clean spectrum, grid points, in order.
    """
    distances: list[float] = []
    total = added = 0
    for spectrum, truth in zip(spectra, peaks, strict=True):
        total += len(truth)
        candidates = find_peaks(spectrum, PEAK_PROMINENCE / 2)[0]
        heights = np.interp(candidates, np.arange(len(spectrum)), spectrum)
        for position, (low, high) in zip(truth, _stretches(truth), strict=True):
            inside = (candidates >= low) & (candidates <= high)
            if inside.any():
                highest = candidates[inside][heights[inside].argmax()]
                distances.append(abs(float(highest - position)))
        high_ones = find_peaks(spectrum, PEAK_PROMINENCE)[0]
        near = np.abs(high_ones[:, None] - truth) <= PEAK_REACH
        added += int((~near.any(axis=1)).sum())
    return PeaksAgain(
        len(distances) / total if total else 0.0,
        added / len(spectra),
        float(np.mean(distances)) if distances else None,
    )


def _stretches(peaks: Floats) -> npt.NDArray[np.float64]:
    """Returns the first and the last point of each peak's own stretch, [n, 2]."""
    half = np.diff(peaks, prepend=-np.inf, append=np.inf) / 2
    reach = np.minimum(half, PEAK_REACH)
    return np.stack([peaks - reach[:-1], peaks + reach[1:]], axis=1)
