import numpy as np
import pytest

from raman_pipeline.spectra.baseline import BASELINES, baseline, lower_envelopes


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


def test_envelopes_lie_below_and_follow_a_background_but_no_band():
    x = np.arange(1000.0)
    background = 3 + np.sin(x / 400) + x / 500
    band = 2 / (1 + ((x - 500) / 4) ** 2)
    values = np.stack([background, background + band]).astype(np.float32)
    valid = np.ones(values.shape, dtype=bool)
    valid[1, :100] = False
    lower = lower_envelopes(values, valid, 30)
    assert (lower <= values + 1e-6)[valid].all()
    assert np.abs(lower[0] - background).max() < 0.05
    above = (values - lower)[1]
    assert above[500] > 1.9 and above[100:400].max() < 0.05
    # What was measured elsewhere does not matter.
    other = values.copy()
    other[1, :100] = 99
    assert np.array_equal(lower_envelopes(other, valid, 30)[:, 100:], lower[:, 100:])
