"""Simulated minerals: bands at random positions; heights and shifts vary between specimens."""

from itertools import product

import numpy as np

from raman_pipeline.learning.identification.calibration_fit import fitted
from raman_pipeline.learning.identification.library import build_library
from raman_pipeline.spectra.spectrum_files import Spectrum

FORMULAE = (
    "SiO_2_", "(Ca,Mg)CO_3_", "CaCO_3_", "CaSO_4_", "Fe_2_O_3_", "PbS", None, "NaAlSi_3_O_8_",
)  # fmt: skip
GRID = np.arange(100.0, 1300.0)


def spectrum(bands, rng, noise=0.004, shift=1.5, gain=0.3):
    x = np.full(GRID.size, 0.0)
    for at, height, width in bands:
        at, height = at + rng.normal(0, shift), height * np.exp(rng.normal(0, gain))
        x += height / (1 + ((GRID - at) / width) ** 2)
    x += noise * rng.standard_normal(GRID.size)
    return ((x - x.min()) / (x.max() - x.min())).astype(np.float32)


def drawn(minerals=8, specimens=3, spectra=2, seed=0):
    """Returns intensities, measured points and rows; minerals are named M0, M1, …"""
    rng = np.random.default_rng(seed)
    intensity, rows = [], []
    for m in range(minerals):
        count = rng.integers(3, 7)
        bands = [
            (rng.uniform(150, 1250), rng.uniform(0.2, 1), rng.uniform(4, 10)) for _ in range(count)
        ]
        for s, i in product(range(specimens), range(spectra)):
            intensity.append(spectrum(bands, rng))
            rows.append(
                {"member_id": f"{m}-{s}-{i}", "mineral": f"M{m}", "rruff_id": f"R{m:02d}{s:02d}",
                 "wavelength_nm": (532.0, None)[i % 2], "country": ("US", "BR", None)[s % 3],
                 "rating": ("excellent", "fair")[s % 2], "ideal_chemistry": FORMULAE[m % 8],
                 "measured_chemistry": "Ca_0.99_Mg_0.004_CO_3_" if (m, s) == (1, 0) else None}
            )  # fmt: skip
    measured = np.ones((len(rows), GRID.size), dtype=bool)
    measured[::5, :60] = False
    intensity = np.stack(intensity)
    intensity[~measured] = 0
    return intensity, measured, rows


def unfitted_library(**sizes):
    intensity, measured, rows = drawn(**sizes)
    return build_library(intensity, measured, GRID, rows)


def fitted_library():
    """Eight minerals of three specimens with two spectra each."""
    return fitted(unfitted_library())


def measured_spectrum(library, row, name="mine", noise=0.0, seed=0):
    """Returns a spectrum of the library as a user would measure it."""
    rng = np.random.default_rng(seed)
    valid = library.valid[row]
    y = library.intensity[row][valid] * 800.0 + 50
    return Spectrum(name, GRID[valid], y + 800 * noise * rng.standard_normal(y.size))
