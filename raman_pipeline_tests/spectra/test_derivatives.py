import numpy as np

from raman_pipeline.spectra.derivatives import derivative_spectra, root_derivative_spectra

AXIS = np.arange(300.0)


def test_the_derivative_of_a_line_is_its_slope_and_of_a_constant_zero():
    lines = np.stack([0.5 * AXIS, np.full(300, 7.0)])
    inner = derivative_spectra(lines, 4.0)[:, 20:-20]
    np.testing.assert_allclose(inner, [[0.5] * 260, [0.0] * 260], atol=1e-3)


def test_roots_let_weak_bands_count_and_negative_values_are_zero():
    band = np.exp(-0.5 * ((AXIS - 150) / 8) ** 2)
    strong, weak = root_derivative_spectra(np.stack([band, 0.01 * band]), 3.0)
    assert np.abs(weak).max() > 0.09 * np.abs(strong).max()
    assert not root_derivative_spectra(-band[None], 3.0).any()
    single = root_derivative_spectra(band[None].astype(np.float32), 3.0)
    assert single.dtype == np.float32
