"""Small corpora of simulated spectra for tests."""

from itertools import product

import numpy as np
import pandas as pd

from raman_pipeline.learning.data.corpus import Corpus

CENTRES = {"Albite": (20, 70), "Almandine": (35, 80), "Andradite": (50, 90), "Quartz": (60,)}


def mineral_corpus(per_mineral=4, spectra=3, length=96, seed=0):
    """Specimens of four minerals, each measured several times."""
    rng = np.random.default_rng(seed)
    axis, rows, values = np.arange(float(length)), [], []
    for (m, mineral), specimen in product(enumerate(CENTRES), range(per_mineral)):
        shift, rruff_id = rng.normal(0, 0.7), f"R{m}{specimen:05}"
        for scan in range(spectra):
            band = sum(np.exp(-0.5 * ((axis - c - shift) / 3) ** 2) for c in CENTRES[mineral])
            values.append(np.clip(band * rng.uniform(0.8, 1), 0, 1))
            name = f"{mineral}__{rruff_id}__Raman__532____Raman_Data_Processed__{scan}.txt"
            rows.append((f"{mineral}{specimen}{scan}", name, mineral, rruff_id, 532.0))
    columns = ["member_id", "member", "mineral", "rruff_id", "wavelength_nm"]
    metadata = pd.DataFrame(rows, columns=columns)
    return Corpus(np.float32(values), np.arange(100.0, 100 + length), metadata)
