"""Disturbed copies of reference spectra, on which calibrations are fitted.

A probability that was fitted on clean spectra alone takes a noisy or shifted one for an unknown
mineral. The robustness of the whole is measured with other disturbances, of spectra as they were
measured (see `robustness`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.leave_one_out import HeldOutQueries
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.preparation import attenuation, comparable
from raman_pipeline.spectra.normalise import min_max

Floats = npt.NDArray[np.float64]

_MOST = 1000
"""Copies that are made; more do not change the few parameters."""
_EMPTY = 0.2
"""Share of the copies that show no mineral, but background and noise."""
_BLUR_CM1, _SHIFT_CM1 = (1.5, 5.0), 5.0
_STARTS, _STOPS = (100.0, 400.0), (900.0, 1600.0)
_NARROW, _WIDTHS = 0.15, (200.0, 700.0)
"""Share of the copies that are cut to narrow windows anywhere, and their widths, cm⁻¹."""
_BACKGROUND, _NOISE = (0.3, 10.0), (0.005, 0.25)
"""Heights and standard deviations in units of the strongest band."""


def disturbed_queries(
    library: MineralLibrary, rows: npt.NDArray[np.int64], seed: int = 0
) -> HeldOutQueries:
    """Returns changed copies of spectra: blurred, shifted, cut, with background and noise.

    Some show background and noise only: what is no mineral is to be called unknown.

    Args:
        library: reference spectra.
        rows: indices of the spectra; at most `_MOST` of them are drawn.
        seed: of the draw and of the disturbances.
    """
    rng = np.random.default_rng(seed)
    if len(rows) > _MOST:
        rows = np.sort(rng.choice(rows, _MOST, replace=False))
    shape = (2, len(rows), library.grid.size)
    halves, measured = np.zeros(shape, dtype=np.float32), np.zeros(shape[1:], dtype=bool)
    mineral = rng.random(len(rows)) >= _EMPTY
    for i, row in enumerate(rows):
        values = library.intensity[row].astype(np.float64) * mineral[i]
        inside, first, second = _disturbed(values, library.valid[row], library.grid, rng)
        measured[i] = inside
        halves[0, i], halves[1, i] = first, second
    _, valid, derivatives = comparable(_scaled(halves.mean(axis=0), measured), measured)
    apart = [comparable(_scaled(half, measured), measured)[2] for half in halves]
    return HeldOutQueries(rows, derivatives, valid, attenuation(*apart), mineral)


def _scaled(values: npt.NDArray[np.float32], measured: npt.NDArray[np.bool_]) -> np.ndarray:
    rows = [min_max(v, m) for v, m in zip(values, measured, strict=True)]
    return np.array(rows, dtype=np.float32)


def _disturbed(
    values: Floats, measured: npt.NDArray[np.bool_], grid: Floats, rng: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
    """Returns the measured points, and the spectrum as each half of its points has it."""
    from scipy.ndimage import gaussian_filter1d

    empty = not values.any()
    if rng.random() < 0.4:
        values = gaussian_filter1d(values, rng.uniform(*_BLUR_CM1))
    if rng.random() < 0.5:
        values = np.interp(grid, grid + rng.uniform(-_SHIFT_CM1, _SHIFT_CM1), values)
    if (drawn := rng.random()) < 0.5:
        start, stop = rng.uniform(*_STARTS), rng.uniform(*_STOPS)
        if drawn < _NARROW:
            first, last = grid[measured][[0, -1]]
            width = rng.uniform(*_WIDTHS)
            start = rng.uniform(first, max(first, last - width))
            stop = start + width
        kept = (grid >= start) & (grid <= stop) & measured
        # Nothing is left to identify where all bands were cut away.
        measured = kept if empty or values[kept].max(initial=0) > 0.1 else measured
    height = float(values[measured].max(initial=0)) or 1.0
    if rng.random() < 0.5:
        across = (grid - grid[0]) / (grid[-1] - grid[0])
        humps = [
            rng.uniform(0.2, 1) * np.exp(-0.5 * ((across - rng.uniform(-0.2, 1.2)) / width) ** 2)
            for width in rng.uniform(0.25, 0.7, size=2)
        ]
        values = values + height * _log_uniform(rng, _BACKGROUND) * np.sum(humps, axis=0)
    halves = np.stack([values, values])
    if empty or rng.random() < 0.7:
        # Each half has twice the variance of the whole.
        sigma = np.sqrt(2) * height * _log_uniform(rng, _NOISE)
        halves = halves + sigma * rng.standard_normal(halves.shape)
    return measured, halves[0], halves[1]


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(limits))))
