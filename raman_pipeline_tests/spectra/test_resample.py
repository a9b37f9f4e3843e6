import itertools

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.shards import Ledger, Workers
from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.resample import Ragged, resample, resample_set
from raman_pipeline.spectra.resample_table import resample_table

SHIFT = np.arange(200.0, 400.0, 1.5, dtype=np.float32)
BAND = (1000 * np.exp(-(((SHIFT - 300) / 8) ** 2)) + 50).astype(np.float32)
GRID = np.linspace(100, 500, 801)


def ragged(spectra):
    lengths = [len(shift) for shift, _ in spectra]
    return Ragged(
        np.concatenate([shift for shift, _ in spectra] or [np.empty(0, np.float32)]),
        np.concatenate([heights for _, heights in spectra] or [np.empty(0, np.float32)]),
        np.cumsum([0, *lengths]),
    )


def test_cubic_is_scipys_spline_inside_and_zero_outside():
    values, valid = resample(SHIFT, BAND, GRID)
    spline = CubicSpline(SHIFT.astype(float), BAND.astype(float))
    np.testing.assert_array_equal(values[valid], spline(GRID[valid]))
    assert (values[~valid] == 0).all()
    np.testing.assert_array_equal(valid, (GRID >= 200) & (SHIFT[-1] >= GRID))


@pytest.mark.parametrize(("widest", "method"), [(4.0, "cubic"), (60.0, "pchip")])
def test_adaptive_takes_the_spline_unless_the_axis_has_a_gap(widest, method):
    shift = np.concatenate([np.arange(100, 300, 2.0), np.arange(298 + widest, 900, 2.0)])
    expected, _ = resample(shift, np.sin(shift), GRID, method)
    adaptive, _ = resample(shift, np.sin(shift), GRID, "adaptive")
    assert np.array_equal(adaptive, expected)


def test_pchip_never_overshoots():
    step = np.where(SHIFT < 300, 0, 100).astype(np.float32)
    cubic, _ = resample(SHIFT, step, GRID, "cubic")
    pchip, _ = resample(SHIFT, step, GRID, "pchip")
    assert cubic.max() > 101
    assert pchip.max() <= 100
    assert pchip.min() >= 0


@st.composite
def spectra_of_any_shape(draw):
    n = draw(st.integers(2, 40))
    steps = draw(st.lists(st.floats(0.0625, 50, width=32), min_size=n, max_size=n))
    heights = draw(st.lists(st.floats(-1e5, 1e5, width=32), min_size=n, max_size=n))
    return np.cumsum(steps).astype(np.float32), np.array(heights, dtype=np.float32)


SPECTRA = st.lists(spectra_of_any_shape(), min_size=1, max_size=4)
NOISE = np.random.default_rng(0).normal(size=3001).astype(np.float32)
# The compiled spline has a case of its own for two and for three points, and a middle one.
LENGTHS = [(np.linspace(-4, 896, n, dtype=np.float32), NOISE[:n]) for n in (2, 3, 4, 5, 6, 3001)]


@example(LENGTHS, "cubic")
@example([(SHIFT, BAND), (SHIFT, np.full_like(SHIFT, 7)), (SHIFT + 1000, BAND)], "cubic")
@given(SPECTRA, st.sampled_from(["cubic", "pchip", "adaptive"]))
def test_a_set_is_resampled_like_its_spectra(spectra, interpolation):
    spectra = [(x, y) for x, y in spectra if (np.diff(x) > 0).all()]
    for array in itertools.chain(*spectra):
        array.setflags(write=False)
    grid = np.linspace(-5, 900, 301)
    batches = [ragged(spectra[:1]), ragged(spectra[1:])]
    result = resample_set(batches, len(spectra), grid, interpolation)
    assert (result.rows, result.intensity.dtype) == (len(spectra), np.float32)
    for row, (shift, heights) in enumerate(spectra):
        values, valid = resample(shift, heights, grid, interpolation)
        if np.ptp(heights) == 0 or not valid.any():
            assert not result.intensity[row].any()
            continue
        if np.ptp(values[valid]) == 0:
            continue
        np.testing.assert_allclose(result.intensity[row], min_max(values, valid), rtol=0, atol=1e-6)
        span = float(np.ptp(heights.astype(float)))
        loss = (heights.max() - values[valid].max()) / span
        np.testing.assert_allclose(result.peak_loss[row], loss, rtol=1e-9, atol=1e-9)
        assert (result.intensity[row][~valid] == 0).all()


def test_a_table_in_parts_is_resampled_like_the_whole(sample_folder, tmp_path, monkeypatch):
    accepted = parse_archive(sample_folder / "excellent_unoriented.zip", "a").accepted
    pq.write_table(accepted, tmp_path / "t.parquet", row_group_size=4)
    table, grid = StoredTable(tmp_path / "t.parquet"), np.linspace(100, 1300, 300)
    assert table.num_groups > 4
    ledger = Ledger(tmp_path / "shards", Workers(number=2))
    whole = resample_table(table, grid, "adaptive", ledger)
    assert not ledger.folder.exists()
    monkeypatch.setattr("raman_pipeline.spectra.resample_table.PART_GROUPS", 2)
    parted = resample_table(table, grid, "adaptive", ledger)
    assert parted.rows == whole.rows == table.num_rows
    for name in ("intensity", "peak_loss", "overshoot"):
        assert np.array_equal(getattr(parted, name), getattr(whole, name))
