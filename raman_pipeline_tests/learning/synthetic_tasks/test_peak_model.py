import numpy as np

from raman_pipeline.learning.synthetic_tasks.peak_lists import peak_lists
from raman_pipeline.learning.synthetic_tasks.peak_model import fit_peak_model
from raman_pipeline.universal_synthetic.classes import universal_classes
from raman_pipeline_tests.learning.synthetic_tasks.spectra import FEW


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
