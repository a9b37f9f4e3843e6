"""Peaks, their alignment, models of classes, mixtures."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.learning.synthetic_tasks.alignment import EXTRA, align, matched
from raman_pipeline.learning.synthetic_tasks.mixture_search import components
from raman_pipeline.learning.synthetic_tasks.mixtures import found_components, mix
from raman_pipeline.learning.synthetic_tasks.peak_lists import MOST, peak_lists
from raman_pipeline.learning.synthetic_tasks.peak_model import fit_peak_model
from raman_pipeline.learning.synthetic_tasks.untrained import (
    SMOOTHINGS,
    class_means,
    components_by_least_squares,
    components_by_sums,
    nearest,
    nearest_peak_list,
    smoothed,
    thinned,
)
from raman_pipeline.universal_synthetic.classes import POINTS, universal_classes
from raman_pipeline.universal_synthetic.dataset import Labelled, peaks_of
from raman_pipeline.universal_synthetic.disturbance import disturbed
from raman_pipeline.universal_synthetic.rendering import render
from raman_pipeline.universal_synthetic.variation import Peaks

FEW = 12


def some(peaks, classes):
    """The spectra of the first classes."""
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


@pytest.fixture(scope="module")
def few():
    peaks = peaks_of("universal")
    return {part: some(peaks[part], FEW) for part in peaks}


def test_peaks_of_clean_spectra_are_those_of_the_class(few):
    lists = peak_lists(few["test"].spectra)
    first = universal_classes()[1]
    own = np.flatnonzero(few["test"].label == 1)[0]
    assert lists.counts[own] == len(first.positions)
    assert lists.positions[own, : len(first.positions)].tolist() == first.positions.tolist()
    assert lists.heights[own].max() == 1.0


def test_peaks_of_noisy_spectra_stand_where_they_stood(few):
    clean = few["test"].spectra[:40]
    lists, quiet = peak_lists(disturbed(clean, 0)), peak_lists(clean)
    for row in range(len(clean)):
        strong = quiet.positions[row][quiet.heights[row] > 0.3]
        found = lists.positions[row, : lists.counts[row]]
        assert np.abs(strong[:, None] - found[None]).min(axis=1).max() < 5
    # Neither noise, rays nor background are taken for many peaks.
    assert (lists.counts - quiet.counts).mean() < 1


def test_flat_spectra_have_no_peaks():
    assert peak_lists(np.zeros((2, 300), dtype=np.float32)).counts.tolist() == [0, 0]


def test_too_many_peaks_keep_the_highest():
    x = np.zeros((1, 1000), dtype=np.float32)
    x[0, 10:1000:10] = np.linspace(0.1, 1, 99)
    lists = peak_lists(x)
    assert lists.counts[0] == MOST
    assert lists.heights[0].min() > 0.5
    assert (np.diff(lists.positions[0]) > 0).all()


def aligned(expected, observed, miss=6.0):
    (p, h), (q, g) = (
        np.array(sorted(x), dtype=float).reshape(-1, 2).T for x in (expected, observed)
    )
    best = np.empty((MOST + 1, MOST + 1))
    step = np.empty(best.shape, dtype=np.int8)
    cost = align(
        p.copy(), h.copy(), np.full(len(p), miss), len(p), q.copy(), g.copy(), len(q),
        np.array([30.0, 0.03]), best, step,
    )  # fmt: skip
    pairs = np.zeros(len(p), dtype=np.int64)
    matched(len(p), len(q), step, pairs)
    return cost, pairs.tolist()


def test_alignment_by_hand():
    two = [(100, 1.0), (500, 0.5)]
    assert aligned(two, two) == (0.0, [0, 1])
    assert aligned(two, [(130, 1.0), (500, 0.5)])[0] == pytest.approx(0.5)
    assert aligned(two, [(100, 1.0)]) == (6.0, [0, -1])
    assert aligned(two, [*two, (900, 0.1)])[0] == pytest.approx(EXTRA)
    # Neighbours that changed places, and neighbours that became one.
    cost, pairs = aligned([(100, 1.0), (140, 0.5)], [(110, 0.5), (130, 1.0)])
    assert pairs == [1, 0]
    assert cost < 4
    cost, pairs = aligned([(100, 1.0), (120, 0.5)], [(110, 1.2)])
    assert pairs == [-2, -2]
    assert cost < 4


PEAKS = st.lists(
    st.tuples(st.integers(0, 4999), st.floats(0.01, 1.0)), min_size=1, max_size=8,
    unique_by=lambda p: p[0],
)  # fmt: skip


@given(PEAKS, PEAKS)
def test_alignment_explains_all_or_pays(expected, observed):
    cost, pairs = aligned(expected, observed)
    assert 0 <= cost <= 6.0 * len(expected) + EXTRA * len(observed) + 1e-9
    used = [p for p in pairs if p >= 0]
    assert len(used) == len(set(used))
    assert aligned(expected, expected)[0] == 0


def test_a_model_learns_its_classes(few):
    lists = peak_lists(few["train"].spectra)
    model = fit_peak_model(lists, few["train"].label)
    for c, chosen in enumerate(universal_classes()[:FEW]):
        n = len(chosen.positions)
        assert model.counts[c] == n
        # Classes with peaks near one another change their order now and then.
        apart = np.abs(model.positions[c, :n] - chosen.positions)
        assert np.median(apart) < 5
    found = model.predict(peak_lists(few["test"].spectra))
    assert (found == few["test"].label).all()
    again = fit_peak_model(lists, few["train"].label)
    assert np.array_equal(model.positions, again.positions)


def test_baselines_name_easy_classes(few):
    train, test = few["train"], few["test"]
    reference, query = (smoothed(thinned(p.spectra), 50.0) for p in (train, test))
    assert (nearest(reference, train.label, query) == test.label).mean() > 0.95
    found = nearest_peak_list(peak_lists(train.spectra), train.label, peak_lists(test.spectra))
    assert (found == test.label).mean() > 0.9


def test_smoothing_in_two_steps_is_smoothing_in_one():
    from scipy.ndimage import gaussian_filter1d

    x = np.zeros((1, POINTS), dtype=np.float32)
    x[0, [1000, 1300, 4000]] = 1.0
    for deviation in SMOOTHINGS:
        once = gaussian_filter1d(x, deviation, axis=1, mode="constant")[:, ::5]
        once /= np.linalg.norm(once)
        assert np.allclose(smoothed(thinned(x), deviation), once, atol=1e-3)


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


def test_mixtures_are_of_different_classes_and_found(few):
    mixed = mix(few["test"], 2, 0)
    assert len(mixed) == len(few["test"])
    assert (np.diff(mixed.classes, axis=1) > 0).all()
    assert (mixed.classes == few["test"].label[:, None]).any(axis=1).all()
    assert np.array_equal(mixed.spectra, mix(few["test"], 2, 0).spectra)
    model = fit_peak_model(peak_lists(few["train"].spectra), few["train"].label)
    for count in (2, 3):
        mixed = mix(few["test"], count, 0)
        named = components(model, peak_lists(mixed.spectra), count)
        assert (found_components(named, mixed.classes) == count).mean() > 0.97
    reference = smoothed(thinned(few["train"].spectra), 50.0)
    means, classes = class_means(reference, few["train"].label)
    plain = components_by_least_squares(means, classes, smoothed(thinned(mixed.spectra), 50.0), 3)
    assert (found_components(plain, mixed.classes) >= 2).mean() > 0.9


def test_components_are_counted():
    predicted, true = np.array([[1, 2], [1, 2], [3, 4]]), np.array([[1, 2], [2, 9], [5, 6]])
    assert found_components(predicted, true).tolist() == [2, 1, 0]
