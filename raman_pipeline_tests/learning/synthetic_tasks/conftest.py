import numpy as np
import pytest

from raman_pipeline.universal_synthetic.classes import POINTS
from raman_pipeline.universal_synthetic.dataset import Labelled, peaks_of
from raman_pipeline.universal_synthetic.rendering import render
from raman_pipeline.universal_synthetic.variation import Peaks
from raman_pipeline_tests.learning.synthetic_tasks.spectra import FEW, labelled


def _first_classes(peaks, classes):
    """Returns the spectra of the first classes."""
    rows = np.flatnonzero(peaks.label < classes)
    end = peaks.offsets[rows[-1] + 1]
    first = Peaks(
        peaks.positions[:end],
        peaks.heights[:end],
        peaks.offsets[: len(rows) + 1],
        peaks.sigmas[: len(rows)],
        peaks.label[: len(rows)],
    )
    spectra = np.empty((len(first), POINTS), dtype=np.float32)
    top = render(first, spectra)
    return Labelled(spectra, first.label, top)


@pytest.fixture(scope="session")
def few():
    """The spectra of the first classes of the universal set."""
    peaks = peaks_of("universal")
    return {part: _first_classes(peaks[part], FEW) for part in peaks}


@pytest.fixture(scope="session")
def lines():
    """Four classes of short spectra, with one peak at a position of the class."""
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(4), 6)
    x = np.arange(80)
    at = 15 + 15 * label + rng.integers(-2, 3, label.size)
    return labelled(np.exp(-0.5 * ((x - at[:, None]) / 2.0) ** 2), label)
