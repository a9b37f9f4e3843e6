"""Rendering of peaks as Gaussians of one width.

Peaks are single points, the later one replaces an earlier one at the same point, and the line is
smoothed by a Gaussian that is truncated at four standard deviations, zero beyond the ends (scipy's
`gaussian_filter1d` with mode `constant`, as in Schuetzke et al. 2023).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.jit import compiled
from raman_pipeline.universal_synthetic.classes import POINTS
from raman_pipeline.universal_synthetic.variation import Peaks

Spectra = npt.NDArray[np.float32]


def render(peaks: Peaks, out: Spectra) -> Spectra:
    """Fills `out`, float32 [n, 5000], with the spectra of peaks, normalised to a maximum of 1.

    Returns:
        The maximum of each before normalisation, float32 [n]: smoothing keeps the area of a peak,
        so that of two peaks of equal height the narrower one becomes higher.
    """
    top = np.empty(len(peaks), dtype=np.float32)
    _render(peaks.positions, peaks.heights, peaks.offsets, peaks.sigmas, out, top)
    return top


def rendered(peaks: Peaks) -> Spectra:
    """Returns the spectra of peaks, float32 [n, 5000]."""
    out = np.empty((len(peaks), POINTS), dtype=np.float32)
    render(peaks, out)
    return out


def rendered_by_scipy(peaks: Peaks) -> npt.NDArray[np.float64]:
    """Returns the same by scipy, float64 [n, 5000]: the reference implementation."""
    from scipy.ndimage import gaussian_filter1d

    spectra = []
    for i, sigma in enumerate(peaks.sigmas):
        line = np.zeros(POINTS)
        own = slice(peaks.offsets[i], peaks.offsets[i + 1])
        line[peaks.positions[own]] = peaks.heights[own]
        smooth = gaussian_filter1d(line, sigma, mode="constant")
        spectra.append(smooth / smooth.max())
    return np.stack(spectra)


@compiled()
def _render(
    positions: npt.NDArray[np.int64],
    heights: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    sigmas: npt.NDArray[np.float64],
    out: Spectra,
    top: Spectra,
) -> None:
    points = out.shape[1]
    smooth = np.empty(points)
    for row in range(out.shape[0]):
        sigma = sigmas[row]
        radius = int(4.0 * sigma + 0.5)
        kernel = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
        kernel /= kernel[0] + 2.0 * kernel[1:].sum()
        smooth[:] = 0.0
        begin, end = offsets[row], offsets[row + 1]
        for i in range(begin, end):
            at, hidden = positions[i], False
            for k in range(i + 1, end):
                hidden = hidden or positions[k] == at
            if hidden:
                continue
            for distance in range(radius + 1):
                value = heights[i] * kernel[distance]
                if at + distance < points:
                    smooth[at + distance] += value
                if distance > 0 and at - distance >= 0:
                    smooth[at - distance] += value
        highest = smooth.max()
        top[row] = highest
        for j in range(points):
            out[row, j] = smooth[j] / highest
