import numpy as np

from raman_pipeline.learning.synthetic_tasks.mixture_search import components
from raman_pipeline.learning.synthetic_tasks.mixtures import correct_components, mix
from raman_pipeline.learning.synthetic_tasks.peak_lists import peak_lists
from raman_pipeline.learning.synthetic_tasks.peak_model import fit_peak_model
from raman_pipeline.learning.synthetic_tasks.untrained import (
    class_means,
    components_by_least_squares,
    downsampled,
    smoothed,
)


def test_components_are_of_different_classes_and_are_found(few):
    mixed = mix(few["test"], 2, 0)
    assert len(mixed) == len(few["test"])
    assert (np.diff(mixed.classes, axis=1) > 0).all()
    assert (mixed.classes == few["test"].label[:, None]).any(axis=1).all()
    assert np.array_equal(mixed.spectra, mix(few["test"], 2, 0).spectra)
    model = fit_peak_model(peak_lists(few["train"].spectra), few["train"].label)
    for count in (2, 3):
        mixed = mix(few["test"], count, 0)
        predicted = components(model, peak_lists(mixed.spectra), count)
        assert (correct_components(predicted, mixed.classes) == count).mean() > 0.97
    reference = smoothed(downsampled(few["train"].spectra), 50.0)
    means, classes = class_means(reference, few["train"].label)
    baseline = components_by_least_squares(
        means, classes, smoothed(downsampled(mixed.spectra), 50.0), 3
    )
    assert (correct_components(baseline, mixed.classes) >= 2).mean() > 0.9


def test_components_are_counted():
    predicted, true = np.array([[1, 2], [1, 2], [3, 4]]), np.array([[1, 2], [2, 9], [5, 6]])
    assert correct_components(predicted, true).tolist() == [2, 1, 0]
