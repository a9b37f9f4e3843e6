"""A spectrum prepared for the search, as the spectra of the library were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification.preparation import attenuation_of, comparable, on_grid
from raman_pipeline.spectra.baseline import baseline as baseline_of
from raman_pipeline.spectra.quality import QualityWarning, quality_warnings
from raman_pipeline.spectra.spikes import without_spikes

if TYPE_CHECKING:
    from raman_pipeline.spectra.spectrum_files import Spectrum

MIN_POINTS = 200
"""Points of the grid that a spectrum must cover."""
ENOUGH_POINTS = 600
"""Points of the grid below which an answer comes with a warning."""


class QueryError(InputError):
    """A spectrum cannot be searched for; the message says why."""


@dataclass(frozen=True)
class Query:
    """A spectrum on the grid of a library.

    Attributes:
        name: of the spectrum.
        intensity: without its lower envelope, float32 [m], 0 to 1; zero where nothing was
            measured.
        valid: bool [m], the points to compare at.
        derivatives: float32 [m], see `derivatives.normalised_derivatives`.
        preprocessing: the steps, in order.
        attenuation: see `preparation.attenuation`; 1 without noise.
        warnings: of its quality, and of how little the library covers.
        read: format, columns, points measured, range and laser (see `Spectrum.what_was_read`).
        settings: what the user chose for reading and preprocessing.
    """

    name: str
    intensity: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]
    derivatives: npt.NDArray[np.float32]
    preprocessing: tuple[str, ...]
    attenuation: float = 1.0
    warnings: tuple[QualityWarning, ...] = ()
    read: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def prepare(spectrum: Spectrum, grid: npt.NDArray[np.float64], baseline: str = "none") -> Query:
    """Returns a spectrum on the grid of a library.

    Args:
        spectrum: as it was read.
        grid: of the library, cm⁻¹, float64 [m].
        baseline: algorithm that corrects the baseline first; of `spectra.baseline.BASELINES`.

    Raises:
        QueryError: the spectrum is flat, or covers too little of the grid.
    """
    shift, intensity = spectrum.raman_shift, spectrum.intensity
    steps, warnings = list(spectrum.notes), quality_warnings(shift, intensity)
    if spectrum.other_technique:
        text = f"the file says {spectrum.other_technique}: only Raman spectra can be identified"
        warnings.insert(0, QualityWarning("other_technique", text))
    if baseline != "none":
        step_cm1 = float(np.median(np.diff(shift)))
        intensity = intensity - baseline_of(intensity, step_cm1, baseline)
        if not np.isfinite(intensity).all():
            raise QueryError(f"{spectrum.name}: values too large for a baseline; scale them")
        steps.append(f"baseline corrected ({baseline})")
    intensity, spikes = without_spikes(shift, intensity)
    values, measured = on_grid(shift, intensity, grid)
    points = int(measured.sum())
    warnings += _covered(spectrum, points, grid)
    if not np.ptp(spectrum.intensity) or not values.any():
        raise QueryError(f"{spectrum.name}: the intensity is constant; there is nothing to search")
    if spikes:
        steps.append(f"spikes removed: {spikes}")
    steps.append(
        f"resampled to {grid[0]:g} to {grid[-1]:g} cm⁻¹ in steps of "
        f"{grid[1] - grid[0]:g}, {points} points covered"
    )
    steps.append("lower envelope subtracted, scaled to 0..1")
    steps.append("compared by first-derivative spectra of square roots, shifted by up to 6 cm⁻¹")
    intensities, valid, derivatives = comparable(values[None], measured[None])
    read, settings = spectrum.what_was_read(), {"baseline": baseline}
    return Query(
        spectrum.name,
        intensities[0],
        valid[0],
        derivatives[0],
        tuple(steps),
        attenuation_of(shift, intensity, grid),
        tuple(warnings),
        read,
        settings,
    )


def _covered(
    spectrum: Spectrum, points: int, grid: npt.NDArray[np.float64]
) -> list[QualityWarning]:
    """Returns a warning of a spectrum that covers few points of a grid, if it does."""
    if points < MIN_POINTS:
        shift = spectrum.raman_shift
        raise QueryError(
            f"{spectrum.name}: covers {shift[0]:g} to {shift[-1]:g} cm⁻¹, and of "
            f"{grid[0]:g} to {grid[-1]:g} only {points} points; at least {MIN_POINTS} "
            "are needed, and the axis must be Raman shift in cm⁻¹"
        )
    if points >= ENOUGH_POINTS:
        return []
    text = f"covers only {points} of {grid.size:,} points of the library: too few to be sure"
    return [QualityWarning("short_range", text)]
