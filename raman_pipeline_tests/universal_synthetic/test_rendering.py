import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.universal_synthetic.classes import POINTS
from raman_pipeline.universal_synthetic.distortion import NOISE, distorted
from raman_pipeline.universal_synthetic.rendering import render, rendered, rendered_by_scipy
from raman_pipeline.universal_synthetic.variation import Peaks


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
def test_compiled_rendering_equals_scipy(peaks, sigma):
    chosen = one([p for p, _ in peaks], [h for _, h in peaks], sigma)
    assert np.allclose(rendered(chosen), rendered_by_scipy(chosen), atol=1e-6)


def test_a_narrow_peak_is_higher_before_normalisation():
    out = np.empty((1, POINTS), dtype=np.float32)
    narrow, broad = (render(one([2000], [1.0], sigma), out)[0] for sigma in (2.0, 5.0))
    assert narrow == pytest.approx(1 / (2.0 * np.sqrt(2 * np.pi)), rel=1e-3)
    assert narrow / broad == pytest.approx(2.5, rel=1e-3)


def test_of_two_peaks_at_one_point_the_later_is_kept():
    both = rendered(one([100, 100, 900], [2.0, 0.5, 1.0], 2.0))[0]
    assert both[100] == pytest.approx(0.5)


def test_distorted_spectra_have_the_specified_noise():
    clean = np.zeros((6, 4000), dtype=np.float32)
    noisy = distorted(clean, 3)
    assert np.array_equal(noisy, distorted(clean, 3))
    assert not np.array_equal(noisy, distorted(clean, 4))
    steps = np.diff(noisy, axis=1)
    deviation = np.median(np.abs(steps), axis=1) / 0.6745 / np.sqrt(2)
    assert deviation == pytest.approx(np.full(6, NOISE), rel=0.1)
