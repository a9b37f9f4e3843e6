"""A spectrum prepared for the search, as the spectra of the library were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

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
TOO_LARGE = 1e150
"""Intensity whose square is no number; some programs write such values where nothing is."""


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
    (found,) = prepare_all([spectrum], grid, baseline)
    if isinstance(found, QueryError):
        raise found
    return found


def prepare_all(
    spectra: Sequence[Spectrum], grid: npt.NDArray[np.float64], baseline: str = "none"
) -> list[Query | QueryError]:
    """Prepares spectra, those of one axis together; see `prepare`.

    Returns:
        In the order of the spectra, a query or why there is none.
    """
    by_axis: dict[bytes, list[int]] = {}
    for number, spectrum in enumerate(spectra):
        by_axis.setdefault(spectrum.raman_shift.tobytes(), []).append(number)
    found: dict[int, _OnGrid | QueryError] = {}
    for numbers in by_axis.values():
        of_axis = _of_one_axis([spectra[n] for n in numbers], grid, baseline)
        found |= zip(numbers, of_axis, strict=True)
    kept = [one for n in sorted(found) if isinstance(one := found[n], _OnGrid)]
    if kept:
        measured = np.stack([one.measured for one in kept])
        arrays = comparable(np.stack([one.values for one in kept]), measured)
        queries = (
            _query(one, of_it, grid, baseline)
            for one, of_it in zip(kept, zip(*arrays, strict=True), strict=True)
        )
    return [
        one if isinstance(one := found[n], QueryError) else next(queries) for n in sorted(found)
    ]


class _OnGrid(NamedTuple):
    """A spectrum on the grid, before its envelope is subtracted; see `Query`."""

    spectrum: Spectrum
    values: npt.NDArray[np.float32]
    measured: npt.NDArray[np.bool_]
    spikes: int
    attenuation: float
    warnings: list[QualityWarning]


def _of_one_axis(
    spectra: Sequence[Spectrum], grid: npt.NDArray[np.float64], baseline: str
) -> Iterator[_OnGrid | QueryError]:
    shift = spectra[0].raman_shift
    intensity = np.stack([np.asarray(s.intensity, dtype=np.float64) for s in spectra])
    flat = (intensity == intensity[:, :1]).all(axis=1)
    warnings = quality_warnings(shift, intensity)
    if baseline != "none":
        step_cm1 = float(np.median(np.diff(shift)))
        intensity = np.stack([y - baseline_of(y, step_cm1, baseline) for y in intensity])
    usable = np.asarray((np.abs(intensity) < TOO_LARGE).all(axis=1))
    intensity[~usable] = 0
    intensity, spikes = without_spikes(shift, intensity)
    values, measured = on_grid(shift, intensity, grid)
    points = int(measured.sum())
    short = (
        f"covers {shift[0]:g} to {shift[-1]:g} cm⁻¹, and of "
        f"{grid[0]:g} to {grid[-1]:g} only {points} points; at least {MIN_POINTS} "
        "are needed, and the axis must be Raman shift in cm⁻¹"
    )
    noise = attenuation_of(shift, intensity, grid) if points >= MIN_POINTS else spikes
    for row, spectrum in enumerate(spectra):
        if not usable[row]:
            yield QueryError(f"{spectrum.name}: values too large; scale them")
        elif points < MIN_POINTS:
            yield QueryError(f"{spectrum.name}: {short}")
        elif flat[row] or not values[row].any():
            yield QueryError(
                f"{spectrum.name}: the intensity is constant; there is nothing to search"
            )
        else:
            yield _OnGrid(
                spectrum, values[row], measured, int(spikes[row]), float(noise[row]), warnings[row],
            )  # fmt: skip


def _query(
    one: _OnGrid,
    arrays: tuple[Any, ...],
    grid: npt.NDArray[np.float64],
    baseline: str,
) -> Query:
    spectrum, points = one.spectrum, int(one.measured.sum())
    intensity, valid, derivatives = arrays
    steps, warnings = list(spectrum.notes), [*spectrum.warnings, *one.warnings]
    if points < ENOUGH_POINTS:
        text = f"covers only {points} of {grid.size:,} points of the library: too few to be sure"
        warnings.append(QualityWarning("short_range", text))
    if baseline != "none":
        steps.append(f"baseline corrected ({baseline})")
    if one.spikes:
        steps.append(f"spikes removed: {one.spikes}")
    steps.append(
        f"resampled to {grid[0]:g} to {grid[-1]:g} cm⁻¹ in steps of "
        f"{grid[1] - grid[0]:g}, {points} points covered"
    )
    steps.append("lower envelope subtracted, scaled to 0..1")
    steps.append("compared by first-derivative spectra of square roots, shifted by up to 6 cm⁻¹")
    return Query(
        spectrum.name,
        intensity,
        valid,
        derivatives,
        tuple(steps),
        one.attenuation,
        tuple(warnings),
        spectrum.what_was_read(),
        {"baseline": baseline},
    )
