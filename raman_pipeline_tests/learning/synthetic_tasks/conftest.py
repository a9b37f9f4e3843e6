import numpy as np
import pytest

from raman_pipeline.universal_synthetic.classes import POINTS, universal_classes
from raman_pipeline.universal_synthetic.dataset import Labelled
from raman_pipeline.universal_synthetic.rendering import render
from raman_pipeline.universal_synthetic.variation import random_peaks, test_peaks
from raman_pipeline_tests.learning.synthetic_tasks.spectra import FEW, labelled


@pytest.fixture(scope="session")
def few():
    """Spectra of the first classes of the universal set."""
    classes = universal_classes()[:FEW]
    peaks = random_peaks(classes, "universal", 0) | {"test": test_peaks(classes, "universal")}
    spectra = {part: np.empty((len(p), POINTS), np.float32) for part, p in peaks.items()}
    return {p: Labelled(x, peaks[p].label, render(peaks[p], x)) for p, x in spectra.items()}


@pytest.fixture(scope="session")
def lines():
    """Four classes of short spectra, with one peak at a position of the class."""
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(4), 6)
    x = np.arange(80)
    at = 15 + 15 * label + rng.integers(-2, 3, label.size)
    return labelled(np.exp(-0.5 * ((x - at[:, None]) / 2.0) ** 2), label)
