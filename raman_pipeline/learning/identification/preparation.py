"""What is done to every spectrum, of the library or of a user, before it is compared.

After spikes are removed (see `spectra.spikes`), fine axes are smoothed, so that no point is passed
over by a grid of 1 cm⁻¹, the spectrum is resampled, and its lower envelope is subtracted: the root
of a band depends on the background below it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.derivatives import inner_mask, normalised_derivatives
from raman_pipeline.spectra.baseline import lower_envelopes
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.quality import GAP_CM1, GAP_STEPS
from raman_pipeline.spectra.resample import resample

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

GRID = np.arange(100.0, 1600.0)
"""Grid of the library, cm⁻¹. Of the mirror's spectra 0.4% reach beyond it, of four minerals."""
_SMOOTHING_CM1 = 1.0
_HALF_WINDOW = 30
"""Of the envelope, grid points; wider ones leave more of a steep background."""
_LEAST_ATTENUATION = 0.65
"""Where more is lost, the rest is chance: not to be scaled up."""
_NO_NOISE, _FINE_STEP_CM1 = 0.95, 1.3
_COARSE_STEP_CM1 = 10.0
"""Twice the Gaussian of the derivatives: at wider steps half of the points miss bands."""


def on_grid(
    shift: npt.NDArray[np.floating[Any]],
    intensity: npt.NDArray[np.floating[Any]],
    grid: npt.NDArray[np.float64],
) -> tuple[Floats, Mask]:
    """Returns spectra of one axis on a grid, float32 [..., m] from 0 to 1, and where it reaches.

    Points in a gap of the axis are interpolated, for the envelope beside it, and not measured.

    Args:
        shift: [n], cm⁻¹, strictly increasing.
        intensity: without spikes, [..., n]; the baseline stays.
        grid: [m], cm⁻¹, equidistant.
    """
    from scipy.ndimage import gaussian_filter1d

    step = float(np.median(np.diff(shift)))
    if step < _SMOOTHING_CM1:
        intensity = gaussian_filter1d(intensity, _SMOOTHING_CM1 / step, mode="nearest")
    resampled, inside = resample(shift, intensity, grid, "adaptive")
    steps = np.diff(shift)
    measured = inside.copy()
    for at in np.flatnonzero(steps > max(GAP_CM1, GAP_STEPS * step)):
        measured[(grid > shift[at]) & (grid < shift[at + 1])] = False
    return min_max(resampled, inside).astype(np.float32), measured


def flattened(intensity: Floats, measured: Mask) -> Floats:
    """Returns spectra without their lower envelopes, the highest point 1; float32 [n, m].

    Args:
        intensity: [n, m], on a grid of 1 cm⁻¹.
        measured: bool [n, m]; zero elsewhere.
    """
    above = np.where(measured, intensity - lower_envelopes(intensity, measured, _HALF_WINDOW), 0)
    return (above / np.maximum(above.max(axis=1, keepdims=True), 1e-9)).astype(np.float32)


def comparable(intensity: Floats, measured: Mask) -> tuple[Floats, Mask, Floats]:
    """Returns flattened spectra, the points to compare at, and derivatives; [n, m] each."""
    flat, valid = flattened(intensity, measured), inner_mask(measured)
    return flat, valid, normalised_derivatives(flat, valid)


def attenuation(first: Floats, second: Floats) -> npt.NDArray[np.float64]:
    """Returns the factor by which noise lowers the cosine with a spectrum without noise, [n].

    Args:
        first: derivatives of spectra from half of their points, [n, m].
        second: from the other half; what both have in common is no noise.
    """
    # The whole has half of the noise of its halves.
    return np.maximum(1 / np.sqrt(1 + _apart(first, second) / 2), _LEAST_ATTENUATION)


def attenuation_of(
    shift: npt.NDArray[np.floating[Any]],
    intensity: npt.NDArray[np.floating[Any]],
    grid: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Returns the same for spectra of one axis without spikes, from even and odd points, [k].

    At wide steps these also differ because bands are sharper than the distance of the points. Then
    the effect may be less: that of noise as between neighbouring points, added to the spectrum.
    Beyond steps of 10 cm⁻¹ noise and missing resolution cannot be distinguished: 1.

    Args:
        shift: [n], cm⁻¹, strictly increasing.
        intensity: [k, n].
        grid: [m], cm⁻¹, equidistant.
    """
    step = float(np.median(np.diff(shift)))
    if step > _COARSE_STEP_CM1:
        return np.ones(len(intensity))
    halves = [(shift[i::2], intensity[:, i::2]) for i in (0, 1)]
    found = attenuation(*_derivatives(halves, grid))
    noisy = found <= _NO_NOISE
    if step <= _FINE_STEP_CM1 or not noisy.any():
        return found
    some = intensity[noisy]
    level = 1.4826 * np.median(np.abs(np.diff(some, 3)), axis=1) / np.sqrt(20)
    more = np.random.default_rng(0).standard_normal((2, shift.size))
    noisier = [(shift, some + level[:, None] * noise) for noise in more]
    # With n times as much noise as signal, they are apart by n / (1 + n).
    apart = _apart(*_derivatives(noisier, grid))
    found[noisy] = np.maximum(found[noisy], np.sqrt(np.maximum(1 - apart, 0)))
    return found


def _apart(first: Floats, second: Floats) -> npt.NDArray[np.float64]:
    """Returns what two versions do not share, in units of what they share, [n]."""
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    common = (first * second).sum(axis=1) / np.maximum(norms, np.finfo(np.float32).tiny)
    return 1 / np.clip(common, 1e-3, 1).astype(np.float64) - 1


def _derivatives(
    versions: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]], grid: npt.NDArray[np.float64]
) -> tuple[Floats, Floats]:
    """Returns derivatives of two versions of k spectra over the points of both, [k, m] each."""
    (first, inside), (second, also) = (on_grid(*version, grid) for version in versions)
    both = inside & also
    values = np.concatenate([first, second]) * both
    found = comparable(values, np.broadcast_to(both, values.shape))[2]
    return found[: len(first)], found[len(first) :]
