from collections import defaultdict

import numpy as np
import pytest

from raman_pipeline.universal_synthetic.classes import challenge_classes, universal_classes
from raman_pipeline.universal_synthetic.dataset import peaks_of


@pytest.mark.parametrize(
    ("name", "counts"), [("universal", (50, 10, 9)), ("challenge", (50, 10, 6))]
)
def test_spectra_per_class(name, counts):
    for part, count in zip(("train", "validation", "test"), counts, strict=True):
        assert set(np.bincount(peaks_of(name)[part].label)) == {count}


def varied(name, part, classes):
    """Yields label, class, shifts, heights and width of each spectrum."""
    peaks = peaks_of(name)[part]
    for row, label in enumerate(peaks.label.tolist()):
        own = slice(peaks.offsets[row], peaks.offsets[row + 1])
        shift = peaks.positions[own] - classes[label].positions
        yield label, classes[label], shift, peaks.heights[own], peaks.sigmas[row]


def test_training_varies_within_its_bounds():
    for _, chosen, shift, heights, sigma in varied("universal", "train", universal_classes()):
        assert shift.min() >= -50 and shift.max() <= 49
        assert (np.abs(heights - chosen.heights) <= 0.05 + 1e-12).all()
        assert 2.0 <= sigma <= 5.0
    # The highest peaks of the challenge keep their height.
    for _, chosen, _, heights, _ in varied("challenge", "train", challenge_classes()):
        assert (heights[chosen.heights == 1.0] == 1.0).all()


def test_peaks_of_test_spectra_shift_together():
    shifts = defaultdict(set)
    for label, chosen, shift, heights, _ in varied("universal", "test", universal_classes()):
        assert len(set(shift.tolist())) == 1
        shifts[label].add(int(shift[0]))
        assert (heights[chosen.heights == 1.0] == 1.0).all()
    assert shifts[0] == {0, -30, 30}
    assert shifts[8] == shifts[318] == {0, -17, 17}
