import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from raman_pipeline.spectra.peak_table import find_peaks, peak_table

GRID = np.arange(100.0, 1600.0)
EVERYWHERE = np.ones(GRID.size, dtype=bool)


def bands_apart():
    """Positions at least 60 cm⁻¹ apart, heights and widths at half height."""
    band = st.tuples(st.floats(0, 30), st.floats(0.2, 1), st.floats(6, 16))
    return st.lists(band, min_size=2, max_size=12).map(
        lambda drawn: [(150 + 100 * i + at, height, w) for i, (at, height, w) in enumerate(drawn)]
    )


def spectrum(bands, shift=0.0):
    y = sum(h * np.exp(-4 * np.log(2) * ((GRID - at - shift) / w) ** 2) for at, h, w in bands)
    return y / y.max()


def table(query, reference, valid=EVERYWHERE):
    return peak_table(query, valid, reference, EVERYWHERE, GRID)


def states(found):
    return [row.state for row in found.rows]


@given(bands_apart())
def test_a_spectrum_against_itself_is_all_matched(bands):
    found = table(spectrum(bands), spectrum(bands))
    assert states(found) == ["matched"] * len(bands)
    assert found.median_shift_cm1 == 0
    for row, (at, _, width) in zip(found.rows, bands, strict=True):
        assert row.query_cm1 == pytest.approx(at, abs=0.2)
        assert row.query_width_cm1 == pytest.approx(width, rel=0.05)


@given(bands_apart(), st.sampled_from([-3.0, 3.0, 6.5]))
def test_a_shifted_spectrum_is_all_shifted(bands, shift):
    found = table(spectrum(bands, shift), spectrum(bands))
    assert states(found) == ["shifted"] * len(bands)
    assert [row.shift_cm1 for row in found.rows] == pytest.approx([shift] * len(bands), abs=0.2)


@given(bands_apart(), st.data())
def test_a_band_taken_out_is_missing_and_one_added_is_unexplained(bands, data):
    i = data.draw(st.integers(0, len(bands) - 1))
    less = bands[:i] + bands[i + 1 :]
    for query, reference, state in ((less, bands, "missing"), (bands, less, "unexplained")):
        found = table(spectrum(query), spectrum(reference))
        assert [row.state for row in found.rows if row.state != "matched"] == [state]
        row = next(row for row in found.rows if row.state == state)
        at = row.reference_cm1 if state == "missing" else row.query_cm1
        assert at == pytest.approx(bands[i][0], abs=0.2)
        assert row.shift_cm1 is None


def test_bands_outside_of_what_was_measured_are_no_fault():
    bands = [(200, 1, 10), (700, 0.8, 10), (1400, 0.6, 10)]
    found = table(spectrum(bands[1:2]), spectrum(bands), (GRID > 300) & (GRID < 1300))
    assert states(found) == ["matched"]


def test_a_weak_counterpart_suffices_and_noise_has_no_peaks():
    rng = np.random.default_rng(0)
    strong, weak = [(500, 1, 10), (900, 0.07, 10)], [(500, 1, 10), (900, 0.03, 10)]
    assert states(table(spectrum(strong), spectrum(weak))) == ["matched", "matched"]
    noisy = [spectrum(strong) + 0.03 * rng.standard_normal(GRID.size) for _ in range(20)]
    assert all(len(find_peaks(y, EVERYWHERE, GRID).position) == 1 for y in noisy)


@given(st.integers(0, 1000))
def test_peaks_are_those_of_scipy(seed):
    y = np.random.default_rng(seed).random(GRID.size)
    found = find_peaks(y, EVERYWHERE, GRID, least=0.3)
    at, measured = signal.find_peaks(y, prominence=0.3)
    assert np.abs(found.position - GRID[at]).max() <= 0.5
    assert found.prominence == pytest.approx(measured["prominences"])
    assert found.width == pytest.approx(signal.peak_widths(y, at)[0])


def test_plain_data():
    data = table(spectrum([(500, 1, 10)], 3), spectrum([(500, 1, 10), (900, 0.5, 8)])).as_json()
    assert data["counts"] == {"matched": 0, "shifted": 1, "missing": 1, "unexplained": 0}
    assert data["median_shift_cm1"] == 3.0
    assert data["peaks"][1] == {
        "state": "missing", "query_cm1": None, "query_width_cm1": None, "query_height": None,
        "reference_cm1": 900.0, "reference_width_cm1": 8.0, "reference_height": 0.5,
        "shift_cm1": None,
    }  # fmt: skip
