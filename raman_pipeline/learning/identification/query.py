"""A person's spectrum made ready for the search.

What belongs here: background, grid, normalisation, and a word about each. What does not: reading
files (see `spectra.spectrum_files`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification.derivatives import inner, slopes
from raman_pipeline.spectra.baseline import baseline
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.resample import resample
from raman_pipeline.spectra.spectrum_files import Spectrum

MIN_COVERED = 200
"""Grid points that a spectrum must cover at least."""


class QueryError(InputError):
    """A spectrum cannot be searched for; the message says why."""


@dataclass(frozen=True)
class Query:
    """A spectrum on the grid of a library.

    Attributes:
        name: of the spectrum.
        intensity: float32 [m], 0 to 1; zero where nothing was measured.
        covered: bool [m].
        slopes: float32 [m].
        preprocessing: what was done, in order.
    """

    name: str
    intensity: npt.NDArray[np.float32]
    covered: npt.NDArray[np.bool_]
    slopes: npt.NDArray[np.float32]
    preprocessing: tuple[str, ...]


def prepare(spectrum: Spectrum, grid: npt.NDArray[np.float64], background: str = "none") -> Query:
    """Returns a spectrum on a grid, with what was done to it.

    Args:
        spectrum: as it was read.
        grid: of the library, cm⁻¹, float64 [m].
        background: one of BASELINES.

    Raises:
        QueryError: the spectrum is flat, or covers too little of the grid.
    """
    shift, intensity = spectrum.raman_shift, spectrum.intensity
    done = list(spectrum.notes)
    if background != "none":
        step_cm1 = float(np.median(np.diff(shift)))
        intensity = intensity - baseline(intensity, step_cm1, background)
        done.append(f"background removed ({background})")
    values, inside = resample(shift, intensity, grid, "pchip")
    if inside.sum() < MIN_COVERED:
        raise QueryError(
            f"{spectrum.name}: covers {shift[0]:g} to {shift[-1]:g} cm⁻¹, and of "
            f"{grid[0]:g} to {grid[-1]:g} only {int(inside.sum())} points; at least {MIN_COVERED} "
            "are needed, and the axis must be Raman shift in cm⁻¹"
        )
    scaled = min_max(values, inside)
    if not scaled.any():
        raise QueryError(
            f"{spectrum.name}: the intensity is the same everywhere; nothing to search"
        )
    done.append(
        f"resampled to {grid[0]:g} to {grid[-1]:g} cm⁻¹ in steps of {grid[1] - grid[0]:g}, "
        f"{int(inside.sum())} points covered"
    )
    done.append("scaled to 0..1; compared by slopes of square roots")
    covered = inner(inside[None])
    ready = scaled.astype(np.float32)
    return Query(spectrum.name, ready, covered[0], slopes(ready[None], covered)[0], tuple(done))
