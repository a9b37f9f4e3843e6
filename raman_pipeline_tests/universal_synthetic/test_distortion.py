import numpy as np
import pytest

from raman_pipeline.universal_synthetic.distortion import NOISE, distorted


def test_distorted_spectra_have_the_specified_noise():
    clean = np.zeros((6, 4000), dtype=np.float32)
    noisy = distorted(clean, 3)
    assert np.array_equal(noisy, distorted(clean, 3))
    assert not np.array_equal(noisy, distorted(clean, 4))
    steps = np.diff(noisy, axis=1)
    deviation = np.median(np.abs(steps), axis=1) / 0.6745 / np.sqrt(2)
    assert deviation == pytest.approx(np.full(6, NOISE), rel=0.1)
