"""Simulated minerals: bands at places of their own, heights and shifts of each specimen."""

import numpy as np

from raman_pipeline.learning.identification.library import build_library

GRID = np.arange(100.0, 1300.0)


def spectrum(bands, rng, noise=0.004, shift=1.5, gain=0.3):
    x = np.full(GRID.size, 0.0)
    for at, height, width in bands:
        at, height = at + rng.normal(0, shift), height * np.exp(rng.normal(0, gain))
        x += height / (1 + ((GRID - at) / width) ** 2)
    x += noise * rng.standard_normal(GRID.size)
    return ((x - x.min()) / (x.max() - x.min())).astype(np.float32)


def drawn(minerals=8, specimens=3, spectra=2, seed=0):
    """Returns intensities, covered points and rows, minerals called M0, M1, …"""
    rng = np.random.default_rng(seed)
    intensity, rows = [], []
    for m in range(minerals):
        count = rng.integers(3, 7)
        bands = [
            (rng.uniform(150, 1250), rng.uniform(0.2, 1), rng.uniform(4, 10)) for _ in range(count)
        ]
        for s in range(specimens):
            for i in range(spectra):
                intensity.append(spectrum(bands, rng))
                rows.append(
                    {
                        "member_id": f"{m}-{s}-{i}",
                        "mineral": f"M{m}",
                        "rruff_id": f"R{m:02d}{s:02d}",
                        "wavelength_nm": (532.0, None)[i % 2],
                        "country": ("US", "BR", None)[s % 3],
                    }
                )  # fmt: skip
    covered = np.ones((len(rows), GRID.size), dtype=bool)
    covered[::5, :60] = False
    intensity = np.stack(intensity)
    intensity[~covered] = 0
    return intensity, covered, rows


def made(**sizes):
    intensity, covered, rows = drawn(**sizes)
    return build_library(intensity, covered, GRID, rows)
