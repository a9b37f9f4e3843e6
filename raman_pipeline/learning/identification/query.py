"""A spectrum prepared for the search, as the spectra of the library were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification.derivatives import inner_mask, normalised_derivatives
from raman_pipeline.spectra.baseline import baseline as baseline_of
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.quality import QualityWarning, quality_warnings
from raman_pipeline.spectra.resample import resample

if TYPE_CHECKING:
    from raman_pipeline.spectra.spectrum_files import Spectrum

MIN_POINTS = 200
"""Points of the grid that a spectrum must cover."""
ENOUGH_POINTS = 500
"""Points of the grid below which an answer comes with a warning."""


class QueryError(InputError):
    """A spectrum cannot be searched for; the message says why."""


@dataclass(frozen=True)
class Query:
    """A spectrum on the grid of a library.

    Attributes:
        name: of the spectrum.
        intensity: float32 [m], 0 to 1; zero where nothing was measured.
        valid: bool [m], the points to compare at.
        derivatives: float32 [m], see `derivatives.normalised_derivatives`.
        preprocessing: the steps, in order.
        warnings: of its quality, and of how little the library covers.
        read: format, columns, points measured, range and laser (see `Spectrum.what_was_read`).
        settings: what the user chose for reading and preprocessing.
    """

    name: str
    intensity: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]
    derivatives: npt.NDArray[np.float32]
    preprocessing: tuple[str, ...]
    warnings: tuple[QualityWarning, ...] = ()
    read: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def prepare(spectrum: Spectrum, grid: npt.NDArray[np.float64], baseline: str = "none") -> Query:
    """Returns a spectrum on the grid of a library.

    Args:
        spectrum: as it was read.
        grid: of the library, cm⁻¹, float64 [m].
        baseline: algorithm that corrects the baseline; one of `spectra.baseline.BASELINES`.

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
    values, measured = resample(shift, intensity, grid, "adaptive")
    points = int(measured.sum())
    if points < MIN_POINTS:
        raise QueryError(
            f"{spectrum.name}: covers {shift[0]:g} to {shift[-1]:g} cm⁻¹, and of "
            f"{grid[0]:g} to {grid[-1]:g} only {points} points; at least {MIN_POINTS} "
            "are needed, and the axis must be Raman shift in cm⁻¹"
        )
    if points < ENOUGH_POINTS:
        text = f"covers only {points} of {grid.size:,} points of the library: too few to be sure"
        warnings.append(QualityWarning("short_range", text))
    scaled = min_max(values, measured).astype(np.float32)
    if not np.ptp(spectrum.intensity) or not scaled.any():
        raise QueryError(f"{spectrum.name}: the intensity is constant; there is nothing to search")
    steps.append(
        f"resampled to {grid[0]:g} to {grid[-1]:g} cm⁻¹ in steps of "
        f"{grid[1] - grid[0]:g}, {points} points covered"
    )
    steps.append("scaled to 0..1; compared by first-derivative spectra of square roots")
    valid = inner_mask(measured[None])
    derivatives = normalised_derivatives(scaled[None], valid)
    read, settings = spectrum.what_was_read(), {"baseline": baseline}
    return Query(
        spectrum.name,
        scaled,
        valid[0],
        derivatives[0],
        tuple(steps),
        tuple(warnings),
        read,
        settings,
    )
