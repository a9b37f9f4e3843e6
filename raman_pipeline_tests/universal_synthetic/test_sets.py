"""Classes, variation, rendering, files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.universal_synthetic.classes import (
    CLASSES,
    MARGIN,
    POINTS,
    challenge_classes,
    published_classes,
    universal_classes,
)
from raman_pipeline.universal_synthetic.dataset import Labelled, open_set, peaks_of, write_set
from raman_pipeline.universal_synthetic.disturbance import NOISE, disturbed
from raman_pipeline.universal_synthetic.rendering import render, rendered, rendered_plainly
from raman_pipeline.universal_synthetic.variation import Peaks
from raman_pipeline_tests.conftest import SHARED


@pytest.mark.parametrize(
    ("file", "classes"),
    [("benchmark", universal_classes), ("challenge", challenge_classes)],
)
def test_classes_are_the_published_ones(file, classes):
    path = SHARED / "universal-synthetic" / f"{file}.json"
    if not path.exists():
        pytest.skip("needs the public class tables in ../shared/universal-synthetic")
    made, published = classes(), published_classes(path)
    assert len(made) == len(published)
    for ours, theirs in zip(made, published, strict=True):
        assert np.array_equal(ours.positions, theirs.positions)
        assert np.array_equal(ours.heights, theirs.heights)


def test_classes_known_by_heart():
    classes = universal_classes()
    assert len(classes) == CLASSES
    assert classes[1].positions.tolist() == [508, 1588, 1645, 4378]
    assert classes[1].heights.tolist() == [0.368, 0.947, 1.0, 0.768]
    # Class 38 drew twelve peaks, of which ten stay.
    assert classes[38].heights.tolist()[:3] == [0.385, 0.021, 0.302]
    for c in classes:
        assert 2 <= len(c.positions) <= 10
        assert c.heights.max() == 1.0
        assert (np.diff(c.positions) >= 0).all()
        assert MARGIN <= c.positions.min() <= c.positions.max() < POINTS - MARGIN


def test_a_file_that_is_no_class_table_is_named(tmp_path):
    path = tmp_path / "table.json"
    path.write_text('{"spectra": {"0": {}}}')
    with pytest.raises(ValueError, match=r"table\.json: no class table"):
        published_classes(path)


@pytest.mark.parametrize(
    ("name", "counts"), [("universal", (50, 10, 9)), ("challenge", (50, 10, 6))]
)
def test_every_class_has_its_spectra(name, counts):
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


def test_test_spectra_move_together_and_keep_the_highest():
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


def one(positions, heights, sigma):
    return Peaks(
        np.array(positions),
        np.array(heights, dtype=float),
        np.array([0, len(positions)]),
        np.array([sigma]),
        np.array([0]),
    )


@given(
    st.lists(st.tuples(st.integers(0, POINTS - 1), st.floats(0.05, 2.0)), min_size=1, max_size=10),
    st.floats(2.0, 5.0),
)
def test_compiled_rendering_is_scipys(peaks, sigma):
    chosen = one([p for p, _ in peaks], [h for _, h in peaks], sigma)
    assert np.allclose(rendered(chosen), rendered_plainly(chosen), atol=1e-6)


def test_a_narrow_peak_is_higher_before_its_height_is_made_one():
    out = np.empty((1, POINTS), dtype=np.float32)
    narrow, broad = (render(one([2000], [1.0], sigma), out)[0] for sigma in (2.0, 5.0))
    assert narrow == pytest.approx(1 / (2.0 * np.sqrt(2 * np.pi)), rel=1e-3)
    assert narrow / broad == pytest.approx(2.5, rel=1e-3)


def test_of_two_peaks_on_one_point_the_later_stays():
    both = rendered(one([100, 100, 900], [2.0, 0.5, 1.0], 2.0))[0]
    assert both[100] == pytest.approx(0.5)


def test_same_seed_same_bytes(tmp_path):
    assert write_set(tmp_path / "a", "challenge", 7) == {
        "train": 1350,
        "validation": 270,
        "test": 162,
    }
    write_set(tmp_path / "b", "challenge", 7)
    write_set(tmp_path / "c", "challenge", 8)
    read = [(tmp_path / n / "train.spectra.npy").read_bytes() for n in "abc"]
    assert read[0] == read[1] != read[2]
    train = open_set(tmp_path / "a")["train"]
    assert len(train.label) == len(train.top) == len(train)
    assert isinstance(train.spectra, np.memmap)
    assert train.spectra.max(axis=1).tolist() == [1.0] * len(train)


def test_a_set_cut_short_is_told(tmp_path):
    write_set(tmp_path, "challenge")
    path = tmp_path / "test.spectra.npy"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="no complete set of synthetic spectra"):
        open_set(tmp_path)
    with pytest.raises(ValueError, match="materialise"):
        open_set(tmp_path / "nowhere")


def test_first_of_class_and_classes():
    values = np.arange(12, dtype=np.float32)
    part = Labelled(values[:, None], np.array([1, 0, 2] * 4), values)
    assert part.first_of_class(2).label.tolist() == [1, 0, 2, 1, 0, 2]
    assert part.of_classes(1, 3).label.tolist() == [1, 2] * 4


def test_disturbed_spectra_have_the_stated_noise():
    clean = np.zeros((6, 4000), dtype=np.float32)
    noisy = disturbed(clean, 3)
    assert np.array_equal(noisy, disturbed(clean, 3))
    assert not np.array_equal(noisy, disturbed(clean, 4))
    steps = np.diff(noisy, axis=1)
    deviation = np.median(np.abs(steps), axis=1) / 0.6745 / np.sqrt(2)
    assert deviation == pytest.approx(np.full(6, NOISE), rel=0.1)
