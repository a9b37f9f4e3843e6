import numpy as np

from raman_pipeline.learning.synthetic_tasks.peak_lists import MOST, peak_lists
from raman_pipeline.learning.synthetic_tasks.peak_model import fit_peak_model
from raman_pipeline.universal_synthetic.classes import universal_classes
from raman_pipeline.universal_synthetic.distortion import distorted
from raman_pipeline_tests.learning.synthetic_tasks.spectra import FEW


def test_peaks_are_those_of_the_class_and_keep_their_positions_under_noise(few):
    clean, labels = few["test"].spectra[:40], few["test"].label
    lists, quiet = peak_lists(distorted(clean, 0)), peak_lists(clean)
    own, (positions, heights) = quiet.counts[1], quiet.peaks[1]
    assert positions[:own].tolist() == universal_classes()[labels[1]].positions.tolist()
    assert heights.max() == 1.0
    for row in range(len(clean)):
        strong = quiet.peaks[row, 0][quiet.peaks[row, 1] > 0.3]
        found = lists.peaks[row, 0, : lists.counts[row]]
        assert np.abs(strong[:, None] - found[None]).min(axis=1).max() < 5
    # Few false peaks from noise, cosmic rays and background.
    assert (lists.counts - quiet.counts).mean() < 1


def test_flat_spectra_have_no_peaks_and_of_too_many_the_highest_are_kept():
    assert peak_lists(np.zeros((2, 300), dtype=np.float32)).counts.tolist() == [0, 0]
    x = np.zeros((1, 1000), dtype=np.float32)
    x[0, 10:1000:10] = np.linspace(0.1, 1, 99)
    lists = peak_lists(x)
    assert lists.counts[0] == MOST
    assert lists.peaks[0, 1].min() > 0.5
    assert (np.diff(lists.peaks[0, 0]) > 0).all()


def test_the_peaks_of_the_classes_are_recovered(few):
    lists = peak_lists(few["train"].spectra)
    model = fit_peak_model(lists, few["train"].label)
    for c, chosen in enumerate(universal_classes()[:FEW]):
        n = len(chosen.positions)
        assert model.counts[c] == n
        # Neighbouring peaks are sometimes swapped.
        apart = np.abs(model.peaks[c, 0, :n] - chosen.positions)
        assert np.median(apart) < 5
    found = model.predict(peak_lists(few["test"].spectra))
    assert (found == few["test"].label).all()
    again = fit_peak_model(lists, few["train"].label)
    assert np.array_equal(model.peaks, again.peaks)
