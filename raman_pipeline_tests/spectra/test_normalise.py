import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.spectra.normalise import min_max, unit_vectors


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_min_max_is_within_bounds(values):
    scaled = min_max(np.array(values))
    # Equal values become zeros.
    assert (scaled.min(), scaled.max()) == (0, max(values) > min(values))


def test_padding_is_excluded_from_the_range():
    valid = np.array([False, True, True, True])
    np.testing.assert_allclose(min_max(np.array([0.0, 10, 20, 30]), valid), [0, 0, 0.5, 1])
    assert not min_max(np.array([10.0, 20.0]), np.zeros(2, dtype=bool)).any()


def test_unit_vectors_have_length_one_and_zeros_stay_zero():
    units = unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert units.dtype == np.float32
