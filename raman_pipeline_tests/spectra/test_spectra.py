import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from raman_pipeline.spectra.normalise import min_max, unit_vectors
from raman_pipeline.spectra.resample import Ragged, resample, resample_set
from raman_pipeline.spectra.spline import _evaluate
from raman_pipeline.spectra.tensor_file import SpectrumTensor, open_tensor, write_tensor
from raman_pipeline.spectra.window import Window, coverage, find_window

SHIFT = np.arange(200.0, 400.0, 1.5, dtype=np.float32)
BAND = (1000 * np.exp(-(((SHIFT - 300) / 8) ** 2)) + 50).astype(np.float32)


def ragged(spectra):
    lengths = [len(shift) for shift, _ in spectra]
    return Ragged(
        np.concatenate([shift for shift, _ in spectra] or [np.empty(0, np.float32)]),
        np.concatenate([heights for _, heights in spectra] or [np.empty(0, np.float32)]),
        np.cumsum([0, *lengths]),
    )


class TestWindow:
    def test_covers_every_spectrum(self):
        assert find_window([103.2, 98.7], [1200.5, 900.0]) == Window(98.0, 1201.0)

    def test_no_spectra(self):
        with pytest.raises(ValueError, match="no spectra"):
            find_window([], [])

    def test_grid(self):
        grid = Window(100, 200).grid(11)
        np.testing.assert_allclose(grid, np.arange(100, 201, 10))
        with pytest.raises(ValueError, match="at least 2"):
            Window(0, 1).grid(1)

    def test_coverage(self):
        share = coverage([0, 10], [20, 30], np.array([0.0, 10.0, 15.0, 20.0, 25.0, 30.0, 31.0]))
        np.testing.assert_allclose(share, [0.5, 1, 1, 1, 0.5, 0.5, 0])


class TestResample:
    grid = np.linspace(100, 500, 801)

    def test_cubic_is_scipys_spline_inside_and_zero_outside(self):
        values, inside = resample(SHIFT, BAND, self.grid)
        spline = CubicSpline(SHIFT.astype(float), BAND.astype(float))
        np.testing.assert_array_equal(values[inside], spline(self.grid[inside]))
        assert (values[~inside] == 0).all()
        np.testing.assert_array_equal(inside, (self.grid >= 200) & (self.grid <= SHIFT[-1]))

    def test_pchip_never_overshoots(self):
        step = np.where(SHIFT < 300, 0, 100).astype(np.float32)
        cubic, _ = resample(SHIFT, step, self.grid, "cubic")
        pchip, _ = resample(SHIFT, step, self.grid, "pchip")
        assert cubic.max() > 101
        assert pchip.max() <= 100
        assert pchip.min() >= 0

    def test_a_grid_outside_the_spectrum_gives_zeros(self):
        values, inside = resample(SHIFT, BAND, np.linspace(1000, 2000, 20))
        assert not inside.any()
        assert not values.any()

    def test_set_is_normalised_after_resampling_and_flat_spectra_stay_finite(self):
        spectra = [(SHIFT, BAND), (SHIFT, np.full_like(SHIFT, 7))]
        result = resample_set([ragged(spectra[:1]), ragged(spectra[1:])], 2, self.grid)
        assert result.rows == 2
        assert result.intensity.dtype == np.float32
        assert np.isfinite(result.intensity).all()
        assert result.intensity[0].max() == 1
        assert result.intensity[0].min() == 0
        assert not result.intensity[1].any()

    def test_a_coarse_grid_loses_peak_height_and_says_so(self):
        sharp = np.zeros_like(SHIFT)
        sharp[60] = 100
        coarse, fine = (
            resample_set([ragged([(SHIFT, sharp)])], 1, np.linspace(200, 398, n)).peak_loss[0]
            for n in (13, 4000)
        )
        assert coarse > 0.3
        assert fine < 0.02

    def test_read_only_input_is_left_alone(self):
        shift, band = SHIFT.copy(), BAND.copy()
        shift.flags.writeable = band.flags.writeable = False
        resample_set([Ragged(shift, band, np.array([0, shift.size]))], 1, self.grid)
        np.testing.assert_array_equal(band, BAND)


@st.composite
def spectra_of_any_shape(draw):
    n = draw(st.integers(2, 40))
    steps = draw(st.lists(st.floats(0.0625, 50, width=32), min_size=n, max_size=n))
    heights = draw(st.lists(st.floats(-1e5, 1e5, width=32), min_size=n, max_size=n))
    return np.cumsum(steps).astype(np.float32), np.array(heights, dtype=np.float32)


SPECTRA = st.lists(spectra_of_any_shape(), min_size=1, max_size=4)


@given(SPECTRA, st.sampled_from(["cubic", "pchip"]))
def test_the_compiled_spline_is_scipys(spectra, interpolation):
    spectra = [(x, y) for x, y in spectra if (np.diff(x) > 0).all()]
    grid = np.linspace(-5, 900, 301)
    result = resample_set([ragged(spectra)], len(spectra), grid, interpolation)
    for row, (shift, heights) in enumerate(spectra):
        values, inside = resample(shift, heights, grid, interpolation)
        if np.ptp(heights) == 0 or not inside.any() or np.ptp(values[inside]) == 0:
            continue
        np.testing.assert_allclose(
            result.intensity[row], min_max(values, inside), rtol=0, atol=1e-6
        )
        span = float(np.ptp(heights.astype(float)))
        loss = (heights.max() - values[inside].max()) / span
        np.testing.assert_allclose(result.peak_loss[row], loss, rtol=1e-9, atol=1e-9)
        assert (result.intensity[row][~inside] == 0).all()


def test_the_compiled_spline_is_within_a_ten_billionth_of_scipys():
    rng = np.random.default_rng(0)
    for n in [2, 3, 4, 5, 6, 7, 500, 3001]:
        shift = np.cumsum(rng.uniform(0.3, 1.5, n)).astype(np.float32)
        heights = rng.normal(size=n).astype(np.float32)
        grid = np.linspace(-3, shift[-1] + 3, 1024)
        expected, inside = resample(shift, heights, grid)
        found = np.zeros(grid.size)
        first, last = _evaluate(shift, heights, grid, found, np.empty((5, n)))
        np.testing.assert_array_equal(np.flatnonzero(inside), np.arange(first, last))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_min_max_is_within_bounds(values):
    scaled = min_max(np.array(values))
    assert ((scaled >= 0) & (scaled <= 1)).all()
    if max(values) > min(values):
        assert scaled.max() == 1
        assert scaled.min() == 0
    else:
        assert not scaled.any()


def test_padding_takes_no_part_in_the_scale():
    inside = np.array([False, True, True, True])
    np.testing.assert_allclose(min_max(np.array([0.0, 10, 20, 30]), inside), [0, 0, 0.5, 1])


def test_unit_vectors_have_length_one_and_zeros_stay_zero():
    units = unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert units.dtype == np.float32


class TestTensorFile:
    def tensor(self, n=5):
        rng = np.random.default_rng(0)
        ids = tuple(f"id{i}" for i in range(n))
        return SpectrumTensor(rng.random((n, 7), dtype=np.float32), np.linspace(0, 1, 7), ids)

    @pytest.mark.parametrize("n", [0, 1, 5])
    def test_round_trip_memory_mapped(self, tmp_path, n):
        tensor, path = self.tensor(n), tmp_path / "t.safetensors"
        write_tensor(path, tensor)
        opened = open_tensor(path)
        np.testing.assert_array_equal(opened.intensity, tensor.intensity)
        np.testing.assert_array_equal(opened.grid, tensor.grid)
        assert opened.member_ids == tensor.member_ids
        assert n == 0 or isinstance(opened.intensity, np.memmap)

    def test_same_tensor_same_bytes(self, tmp_path):
        for name in ("a", "b"):
            write_tensor(tmp_path / name, self.tensor())
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    @pytest.mark.parametrize("keep", [0, 5, 40, -1])
    def test_cut_files_are_refused(self, tmp_path, keep):
        path = tmp_path / "t.safetensors"
        write_tensor(path, self.tensor())
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(ValueError, match="not a complete spectrum tensor"):
            open_tensor(path)

    def test_rows_and_shapes(self):
        tensor = self.tensor()
        assert list(tensor.rows_of(["id3", "id0"])) == [3, 0]
        with pytest.raises(KeyError):
            tensor.rows_of(["other"])
        with pytest.raises(ValueError, match="ids"):
            SpectrumTensor(tensor.intensity, tensor.grid, ("one",))
