"""Peaks of synthetic spectra, clean or noisy, as padded lists.

The noise level is estimated from the spectrum. Clean spectra have a peak at every local maximum.
Noisy ones are corrected for cosmic rays of one point and for the baseline (a morphological opening
wider than any peak), and a peak must exceed the noise that remains after smoothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raman_pipeline.spectra.peaks import local_maxima

MOST = 48
"""Longest list; of more peaks the highest are kept. Four classes have at most 40."""
_CLEAN = 1e-4
"""Noise and peaks below this fraction of the highest point are ignored."""
_SMOOTHING, _OPENING, _FLAT = 3.0, 61, 101
_COSMIC_RAY, _PEAK = 8.0, 4.5
"""Smallest heights of a cosmic ray and of a peak, in standard deviations of the noise."""


@dataclass(frozen=True)
class PeakLists:
    """Ascending peaks of spectra, padded with zeros.

    Attributes:
        peaks: positions (points) and heights (the highest of each spectrum is 1), float64
            [n, 2, MOST].
        counts: int64 [n].
    """

    peaks: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    def subset(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> PeakLists:
        """Returns some of the lists."""
        return PeakLists(self.peaks[rows], self.counts[rows])


def peak_lists(spectra: npt.NDArray[np.float32], batch: int = 500) -> PeakLists:
    """Finds the peaks of spectra [n, m]."""
    n = len(spectra)
    lists = PeakLists(np.zeros((n, 2, MOST)), np.zeros(n, dtype=np.int64))
    for start in range(0, n, batch):
        values = np.asarray(spectra[start : start + batch], dtype=np.float32)
        values, least = preprocessed(values)
        for i, (line, height) in enumerate(zip(values, least, strict=True), start):
            at, heights = local_maxima(line, float(height))
            kept = np.sort(np.argsort(-heights, kind="stable")[:MOST])
            count = lists.counts[i] = len(kept)
            if count:
                lists.peaks[i, :, :count] = at[kept], heights[kept] / heights.max()
    return lists


def preprocessed(
    values: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns spectra without baseline and cosmic rays, and the smallest height of a peak, [n].

    Spectra without noise are returned as they are.
    """
    from scipy import ndimage

    noise = np.median(np.abs(np.diff(values, axis=1)), axis=1) / (0.6745 * np.sqrt(2))
    least = np.full(len(values), _CLEAN, dtype=np.float32)
    noisy = noise > _CLEAN
    if noisy.any():
        despiked = _without_cosmic_rays(values[noisy], noise[noisy, None])
        smooth = ndimage.gaussian_filter1d(despiked, _SMOOTHING, axis=1)
        baseline = ndimage.grey_opening(smooth, size=(1, _OPENING))
        smooth -= ndimage.uniform_filter1d(baseline, _FLAT, axis=1)
        middle = np.median(smooth, axis=1, keepdims=True)
        left = np.median(np.abs(smooth - middle), axis=1) / 0.6745
        values = values.copy()
        values[noisy] = smooth - middle
        least[noisy] = _PEAK * left
    return values, least


def _without_cosmic_rays(
    values: npt.NDArray[np.float32], noise: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    left, right = np.roll(values, 1, axis=1), np.roll(values, -1, axis=1)
    ray = values - np.maximum(left, right) > _COSMIC_RAY * noise
    return np.where(ray, (left + right) / 2, values)
