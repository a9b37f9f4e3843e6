import numpy as np
import pytest

from raman_pipeline.spectra.baseline import BASELINES, baseline


def hump_and_band(step):
    shift = np.arange(100.0, 1300.0, step)
    hump = 3 * np.exp(-0.5 * ((shift - 700) / 400) ** 2)
    return hump, hump + np.exp(-0.5 * ((shift - 500) / 5) ** 2)


@pytest.mark.parametrize("method", BASELINES[1:])
@pytest.mark.parametrize("step", [0.5, 1.0, 2.0])
def test_the_baseline_is_that_of_the_background_at_any_step(method, step):
    hump, spectrum = hump_and_band(step)
    spectrum.setflags(write=False)
    found = baseline(spectrum, step, method)
    margin = int(50 / step)
    assert np.abs(found - hump)[margin:-margin].max() < 0.4


def test_smoothness_does_not_depend_on_the_step():
    coarse, fine = (baseline(hump_and_band(s)[1], s) for s in (1.0, 0.5))
    np.testing.assert_allclose(coarse, fine[::2], atol=0.01)
