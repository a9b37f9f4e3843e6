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


def test_training_varies_within_its_bounds():
    classes = universal_classes()
    peaks = peaks_of("universal")["train"]
    for row in range(0, len(peaks), 97):
        own = slice(peaks.offsets[row], peaks.offsets[row + 1])
        chosen = classes[peaks.label[row]]
        shift = peaks.positions[own] - chosen.positions
        assert shift.min() >= -50 and shift.max() <= 49
        change = peaks.heights[own] - chosen.heights
        assert (np.abs(change) <= 0.05 + 1e-12).all()
        assert 2.0 <= peaks.sigmas[row] <= 5.0


def test_peaks_of_test_spectra_shift_together():
    classes = universal_classes()
    peaks = peaks_of("universal")["test"]
    shifts = {}
    for row in range(len(peaks)):
        own = slice(peaks.offsets[row], peaks.offsets[row + 1])
        chosen = classes[peaks.label[row]]
        moved = set((peaks.positions[own] - chosen.positions).tolist())
        assert len(moved) == 1
        shifts.setdefault(int(peaks.label[row]), set()).update(moved)
        assert (peaks.heights[own][chosen.heights == 1.0] == 1.0).all()
    assert shifts[0] == {0, -30, 30}
    assert shifts[8] == shifts[318] == {0, -17, 17}


def test_the_highest_peaks_of_the_challenge_keep_their_height():
    classes, peaks = challenge_classes(), peaks_of("challenge")["train"]
    for row in range(len(peaks)):
        own = slice(peaks.offsets[row], peaks.offsets[row + 1])
        assert (peaks.heights[own][classes[peaks.label[row]].heights == 1.0] == 1.0).all()
