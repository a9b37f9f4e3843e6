import numpy as np
import pytest

from raman_pipeline.spectra.window import Window, coverage, find_window


def test_the_window_contains_all_spectra():
    assert find_window([103.2, 98.7], [1200.5, 900.0]) == Window(98.0, 1201.0)
    with pytest.raises(ValueError, match="no spectra"):
        find_window([], [])


def test_grid():
    grid = Window(100, 200).grid(11)
    np.testing.assert_allclose(grid, np.arange(100, 201, 10))
    with pytest.raises(ValueError, match="at least 2"):
        Window(0, 1).grid(1)


def test_coverage():
    share = coverage([0, 10], [20, 30], np.array([0.0, 10.0, 15.0, 20.0, 25.0, 30.0, 31.0]))
    np.testing.assert_allclose(share, [0.5, 1, 1, 1, 0.5, 0.5, 0])
