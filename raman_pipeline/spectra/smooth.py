"""Classical smoothers of spectra: Savitzky-Golay, wavelet shrinkage and Whittaker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Smoother:
    """A smoothing method and its settings.

    Attributes:
        name: for tables.
        variants: label of a setting to a function of spectra [n, m] to float64 [n, m].
    """

    name: str
    variants: dict[str, Callable[[Floats], Floats]]


def savitzky_golay(spectra: Floats, window: int, order: int) -> Floats:
    """Fits polynomials in a moving window (Savitzky & Golay 1964)."""
    from scipy.signal import savgol_filter

    return savgol_filter(np.asarray(spectra, dtype=np.float64), window, order, axis=1)


def wavelet(spectra: Floats, name: str, strength: float) -> Floats:
    """Shrinks wavelet coefficients towards zero (Donoho & Johnstone 1994).

    Soft thresholds are `strength` times the universal one, with the noise taken from the
    finest coefficients of each spectrum.
    """
    import pywt

    values = np.asarray(spectra, dtype=np.float64)
    coefficients = pywt.wavedec(values, name, mode="symmetric", axis=1)
    noise = np.median(np.abs(coefficients[-1]), axis=1, keepdims=True) / 0.6745
    threshold = strength * noise * np.sqrt(2 * np.log(values.shape[1]))
    kept = [coefficients[0]]
    kept += [np.sign(c) * np.maximum(np.abs(c) - threshold, 0.0) for c in coefficients[1:]]
    return pywt.waverec(kept, name, mode="symmetric", axis=1)[:, : values.shape[1]]


def whittaker(spectra: Floats, lam: float, order: int) -> Floats:
    """Penalises differences of an order (Whittaker 1923, Eilers 2003)."""
    from pybaselines.utils import whittaker_smooth

    return np.stack([whittaker_smooth(s, lam=lam, diff_order=order) for s in spectra])


def _variants(
    function: Callable[..., Floats], names: tuple[str, str], values: Iterable[tuple[Any, Any]]
) -> dict[str, Callable[[Floats], Floats]]:
    return {
        f"{names[0]} {a}, {names[1]} {b}": partial(function, **{names[0]: a, names[1]: b})
        for a, b in values
    }


SMOOTHERS: tuple[Smoother, ...] = (
    Smoother(
        "Savitzky-Golay",
        _variants(
            savitzky_golay,
            ("window", "order"),
            [p for p in product((5, 7, 9, 11, 15, 21, 31, 41), (2, 3, 4)) if p[1] < p[0] - 1],
        ),
    ),
    Smoother(
        "wavelet",
        _variants(
            wavelet,
            ("name", "strength"),
            product(("sym4", "sym8", "db6"), (0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 1.0)),
        ),
    ),
    Smoother(
        "Whittaker",
        _variants(
            whittaker,
            ("lam", "order"),
            product((0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0), (1, 2, 3)),
        ),
    ),
)
