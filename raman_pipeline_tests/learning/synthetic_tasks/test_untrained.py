from itertools import combinations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from raman_pipeline.learning.synthetic_tasks.mixture_search import components
from raman_pipeline.learning.synthetic_tasks.mixtures import correct_components, mix
from raman_pipeline.learning.synthetic_tasks.peak_lists import peak_lists
from raman_pipeline.learning.synthetic_tasks.peak_model import fit_peak_model
from raman_pipeline.learning.synthetic_tasks.untrained import (
    SMOOTHINGS,
    class_means,
    components_by_least_squares,
    components_by_sums,
    downsampled,
    nearest,
    nearest_peak_list,
    smoothed,
)
from raman_pipeline.universal_synthetic.classes import POINTS


def test_baselines_classify_easy_classes(few):
    train, test = few["train"], few["test"]
    reference, query = (smoothed(downsampled(p.spectra), 50.0) for p in (train, test))
    assert (nearest(reference, train.label, query) == test.label).mean() > 0.95
    found = nearest_peak_list(peak_lists(train.spectra), train.label, peak_lists(test.spectra))
    assert (found == test.label).mean() > 0.9


def test_components_are_of_different_classes_and_are_found_and_counted(few):
    predicted, true = np.array([[1, 2], [1, 2], [3, 4]]), np.array([[1, 2], [2, 9], [5, 6]])
    assert correct_components(predicted, true).tolist() == [2, 1, 0]
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
    coarse = smoothed(downsampled(mixed.spectra), 50.0)
    baseline = components_by_least_squares(means, classes, coarse, 3)
    assert (correct_components(baseline, mixed.classes) >= 2).mean() > 0.9


def test_smoothing_in_two_steps_is_smoothing_in_one():
    x = np.zeros((1, POINTS), dtype=np.float32)
    x[0, [1000, 1300, 4000]] = 1.0
    for deviation in SMOOTHINGS:
        once = gaussian_filter1d(x, deviation, axis=1, mode="constant")[:, ::5]
        once /= np.linalg.norm(once)
        assert np.allclose(smoothed(downsampled(x), deviation), once, atol=1e-3)


def test_sums_are_searched_exhaustively():
    rng = np.random.default_rng(0)
    means, _ = class_means(rng.random((7, 20)), np.arange(7))
    mixtures = rng.random((9, 20)).astype(np.float32)
    mixtures /= np.linalg.norm(mixtures, axis=1, keepdims=True)
    for count in (2, 3, 4):
        found = components_by_sums(means, np.arange(10, 17), mixtures, count)
        for row, mixture in zip(found, mixtures, strict=True):
            sums = {s: means[list(s)].sum(axis=0) for s in combinations(range(7), count)}
            best = max(sums, key=lambda s: sums[s] @ mixture / np.linalg.norm(sums[s]))
            assert row.tolist() == [10 + i for i in best]
