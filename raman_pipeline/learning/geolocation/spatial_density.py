"""Probability density of the origin over the sphere, from country probabilities.

The density is a mixture of von Mises-Fisher kernels, one at each training specimen; the specimens
of a country share its probability. A small uniform component keeps it positive everywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.geography.maps.geodesy import EARTH_KM, Vectors, unit_vectors

BANDWIDTHS_KM = (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
"""Candidate widths of a kernel; the inner validation selects one."""
_UNIFORM = 0.01


class Places:
    """Positions of the training specimens, by country.

    Args:
        metadata: rows with `rruff_id`, `latitude`, `longitude` (degrees, NaN where unknown).
        label: int64 [n], the country of each row.
        classes: number of countries.
    """

    def __init__(self, metadata: pd.DataFrame, label: npt.NDArray[np.int64], classes: int) -> None:
        frame = metadata[["rruff_id", "latitude", "longitude"]].assign(label=label)
        # Each specimen counts once.
        frame = frame.dropna().drop_duplicates("rruff_id")
        self.classes = classes
        self.label = frame["label"].to_numpy(np.int64)
        self.points = unit_vectors(frame["latitude"], frame["longitude"])
        self.specimens = np.bincount(self.label, minlength=classes)
        sums = np.zeros((classes, 3))
        np.add.at(sums, self.label, self.points)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        self.centres = sums / np.where(length > 0, length, 1)
        """Mean direction of each country's specimens, [classes, 3]; zeros without any."""

    def weighted_position(self, probabilities: npt.NDArray[np.float64]) -> Vectors:
        """Returns the probability-weighted mean direction of each row, [n, 3].

        NaN if no country with a known position has any probability.
        """
        mean = probabilities @ self.centres
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(length > 1e-12, mean / length, np.nan)

    def log_density(
        self, probabilities: npt.NDArray[np.float64], at: Vectors, bandwidth_km: float
    ) -> npt.NDArray[np.float64]:
        """Returns the log density at one point per row, relative to uniform, [n].

        0 is the density of the uniform distribution over the sphere; log 2 is twice that.

        Args:
            probabilities: [n, classes].
            at: [n, 3]; NaN gives NaN.
            bandwidth_km: of the kernels; the concentration is (radius of the Earth / it)².
        """
        from scipy.special import logsumexp

        if not len(self.points):
            return np.where(np.isnan(at).any(axis=1), np.nan, 0.0)
        kappa = (EARTH_KM / bandwidth_km) ** 2
        # 4π times the density of the kernel: 2κ/(1-exp(-2κ)) exp(κ(cos - 1)).
        norm = np.log(2 * kappa) - np.log(-np.expm1(-2 * kappa))
        known = probabilities * (self.specimens > 0)
        known /= np.maximum(known.sum(axis=1, keepdims=True), 1e-300)
        result = np.full(len(at), np.nan)
        for i in np.flatnonzero(~np.isnan(at).any(axis=1)):
            weight = known[i, self.label] / self.specimens[self.label]
            kernels = logsumexp(norm + kappa * (self.points @ at[i] - 1), b=weight)
            result[i] = np.logaddexp(np.log1p(-_UNIFORM) + kernels, np.log(_UNIFORM))
        return result

    def choose_bandwidth(self, probabilities: npt.NDArray[np.float64], at: Vectors) -> float:
        """Returns the bandwidth (km) of BANDWIDTHS_KM with the highest mean log density."""
        known = ~np.isnan(at).any(axis=1)
        if not known.any():
            return BANDWIDTHS_KM[-1]
        means = [
            self.log_density(probabilities[known], at[known], width).mean()
            for width in BANDWIDTHS_KM
        ]
        return BANDWIDTHS_KM[int(np.argmax(means))]
