"""Peaks of synthetic spectra, clean or noisy, as padded lists.

What belongs here: finding peaks. What does not: comparing lists (see `alignment`).

How noisy a spectrum is, is taken from itself. Clean ones have a peak at every local maximum. From
noisy ones cosmic rays of one point and the background (a morphological opening wider than any
peak) are removed, and a peak must rise above the noise that smoothing leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from raman_pipeline.spectra.peaks import local_maxima

MOST = 48
"""Peaks of a list; of more the highest are kept. Four classes have at most 40."""
_CLEAN = 1e-4
"""Noise below this share of the highest point is none; so is a peak below it."""
_SMOOTHING, _OPENING, _FLAT = 3.0, 61, 101
_RAY, _PEAK = 8.0, 4.5
"""In deviations of the noise: what a ray stands out by, and the least height of a peak."""


@dataclass(frozen=True)
class PeakLists:
    """Peaks of spectra, ascending, padded with zeros.

    Attributes:
        positions: float64 [n, MOST], points.
        heights: float64 [n, MOST], the highest of each spectrum is 1.
        counts: int64 [n].
    """

    positions: npt.NDArray[np.float64]
    heights: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    def subset(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> PeakLists:
        """Returns some of the lists."""
        return PeakLists(self.positions[rows], self.heights[rows], self.counts[rows])


def peak_lists(spectra: npt.NDArray[np.float32], batch: int = 500) -> PeakLists:
    """Finds the peaks of spectra [n, m]."""
    n = len(spectra)
    lists = PeakLists(np.zeros((n, MOST)), np.zeros((n, MOST)), np.zeros(n, dtype=np.int64))
    for start in range(0, n, batch):
        values, least = levelled(np.asarray(spectra[start : start + batch], dtype=np.float32))
        for i, (line, height) in enumerate(zip(values, least, strict=True), start):
            at, heights = local_maxima(line, float(height))
            kept = np.sort(np.argsort(-heights, kind="stable")[:MOST])
            count = lists.counts[i] = len(kept)
            if count:
                lists.positions[i, :count] = at[kept]
                lists.heights[i, :count] = heights[kept] / heights.max()
    return lists


def levelled(
    values: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns spectra without background and rays, and the least height of their peaks, [n].

    Spectra without noise are returned as they are.
    """
    noise = np.median(np.abs(np.diff(values, axis=1)), axis=1) / (0.6745 * np.sqrt(2))
    least = np.full(len(values), _CLEAN, dtype=np.float32)
    noisy = noise > _CLEAN
    if noisy.any():
        bare = _without_rays(values[noisy], noise[noisy, None])
        smooth = ndimage.gaussian_filter1d(bare, _SMOOTHING, axis=1)
        floor = ndimage.grey_opening(smooth, size=(1, _OPENING))
        smooth -= ndimage.uniform_filter1d(floor, _FLAT, axis=1)
        middle = np.median(smooth, axis=1, keepdims=True)
        left = np.median(np.abs(smooth - middle), axis=1) / 0.6745
        values = values.copy()
        values[noisy] = smooth - middle
        least[noisy] = _PEAK * left
    return values, least


def _without_rays(
    values: npt.NDArray[np.float32], noise: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    left, right = np.roll(values, 1, axis=1), np.roll(values, -1, axis=1)
    ray = values - np.maximum(left, right) > _RAY * noise
    return np.where(ray, (left + right) / 2, values)
