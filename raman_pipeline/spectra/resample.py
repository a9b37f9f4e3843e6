"""Resampling onto a common grid, of one spectrum or of many, and its losses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.spectra.normalise import min_max

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[Any]
Interpolation = Literal["cubic", "pchip", "adaptive"]

MAX_SPLINE_STEP_CM1 = 5.0
"""Largest step of an axis at which `adaptive` takes the spline, which oscillates in wider gaps."""


def resample(
    raman_shift: npt.NDArray[np.floating],
    intensity: npt.NDArray[np.floating],
    grid: npt.NDArray[np.float64],
    interpolation: Interpolation = "cubic",
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Resamples one spectrum, or several of one axis, onto a grid; zero outside their range.

    Args:
        raman_shift: [n], cm⁻¹, strictly increasing.
        intensity: [..., n].
        grid: [m], cm⁻¹, increasing.
        interpolation: `cubic` (not-a-knot spline, as in Pappone 2024; it can overshoot),
            `pchip` (shape-preserving; it cannot), or `adaptive`: cubic unless a step of the
            axis exceeds MAX_SPLINE_STEP_CM1.

    Returns:
        Intensity float64 [..., m], and the points within the range of the axis, bool [m].
    """
    valid = (grid >= raman_shift[0]) & (grid <= raman_shift[-1])
    values = np.zeros((*intensity.shape[:-1], grid.size))
    if interpolation == "adaptive":
        interpolation = "pchip" if _is_coarse(raman_shift) else "cubic"
    if valid.any():
        # scipy.interpolate takes a third of a second to import.
        from scipy.interpolate import CubicSpline, PchipInterpolator

        chosen = CubicSpline if interpolation == "cubic" else PchipInterpolator
        interpolator = chosen(
            np.asarray(raman_shift, dtype=np.float64),
            np.asarray(intensity, dtype=np.float64),
            axis=-1,
        )
        values[..., valid] = interpolator(grid[valid])
    return values, valid


def _is_coarse(raman_shift: npt.NDArray[np.floating]) -> bool:
    return bool(np.diff(raman_shift).max(initial=0) > MAX_SPLINE_STEP_CM1)


@dataclass(frozen=True)
class ResampledSet:
    """Spectra on one grid, and the losses of resampling.

    Attributes:
        intensity: float32 [n, m], each row min-max normalised over its own range.
        peak_loss: float64 [n], the fraction of the height of the highest peak that the grid
            misses (0: nothing; negative: the spline overshoots).
        overshoot: float64 [n], largest distance of the interpolation from the measured range,
            in units of that range.
        rows: number of spectra received; n if none is missing.
    """

    intensity: npt.NDArray[np.float32]
    peak_loss: npt.NDArray[np.float64]
    overshoot: npt.NDArray[np.float64]
    rows: int


class Ragged(NamedTuple):
    """Concatenated spectra of any length.

    Attributes:
        raman_shift: float32 [points], cm⁻¹, strictly increasing within a spectrum.
        intensity: float32 [points].
        offsets: int [n + 1], start of each spectrum, and the end of the last.
    """

    raman_shift: npt.NDArray[np.float32]
    intensity: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def from_columns(cls, raman_shift: pa.ChunkedArray, intensity: pa.ChunkedArray) -> Ragged:
        """Wraps two list columns without copying their values."""
        shifts, intensities = raman_shift.combine_chunks(), intensity.combine_chunks()
        offsets = shifts.offsets.to_numpy().astype(np.int64)
        # `flatten` respects a slice, `values` does not.
        return cls(
            shifts.flatten().to_numpy(), intensities.flatten().to_numpy(), offsets - offsets[0]
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def spectrum(self, row: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns Raman shift and intensity of one spectrum."""
        part = slice(self.offsets[row], self.offsets[row + 1])
        return self.raman_shift[part], self.intensity[part]


def resample_set(
    batches: Iterable[Ragged],
    count: int,
    grid: npt.NDArray[np.float64],
    interpolation: Interpolation = "cubic",
) -> ResampledSet:
    """Resamples and then normalises spectra.

    Args:
        batches: of spectra, `count` in total.
        count: number of spectra.
        grid: [m], cm⁻¹.
        interpolation: see `resample`; the spline is compiled.
    """
    intensity = np.zeros((count, grid.size), dtype=np.float32)
    loss, over = np.zeros(count), np.zeros(count)
    row = 0
    for batch in batches:
        rows = slice(row, row + len(batch))
        target = intensity[rows], loss[rows], over[rows]
        by_pchip: Iterable[int] = range(len(batch))
        if interpolation != "pchip":
            _fill_cubic(batch, grid, *target)
            coarse = interpolation == "adaptive"
            by_pchip = (i for i in by_pchip if coarse and _is_coarse(batch.spectrum(i)[0]))
        _fill_pchip(batch, by_pchip, grid, *target)
        row = rows.stop
    return ResampledSet(intensity, loss, over, row)


def _fill_cubic(batch: Ragged, grid: Floats, out: Floats, loss: Floats, over: Floats) -> None:
    # Compiled code takes half a second to load, and is not always needed.
    from raman_pipeline.spectra.spline import resample_ragged

    resample_ragged(batch.raman_shift, batch.intensity, batch.offsets, grid, out, loss, over)


def _fill_pchip(
    batch: Ragged, rows: Iterable[int], grid: Floats, out: Floats, loss: Floats, over: Floats
) -> None:
    for row in rows:
        shift, intensity = batch.spectrum(row)
        values, valid = resample(shift, intensity, grid, "pchip")
        out[row] = min_max(values, valid)
        low, high = float(intensity.min()), float(intensity.max())
        if valid.any() and high > low:
            found = values[valid]
            loss[row] = (high - found.max()) / (high - low)
            over[row] = max(0.0, found.max() - high, low - found.min()) / (high - low)
