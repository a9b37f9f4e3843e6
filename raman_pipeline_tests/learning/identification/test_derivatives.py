import numpy as np
import pytest

from raman_pipeline.learning.identification.derivatives import inner_mask, normalised_derivatives
from raman_pipeline_tests.learning.identification.minerals import drawn


def test_scale_does_not_matter_and_invalid_points_are_zero():
    rng = np.random.default_rng(0)
    intensity, measured, _ = drawn()
    valid = inner_mask(measured[:4])
    once = normalised_derivatives(intensity[:4], valid)
    assert (once[~valid] == 0).all()
    scaled = normalised_derivatives(intensity[:4] * rng.uniform(0.2, 1, (4, 1)), valid)
    cosine = (once * scaled).sum(1) / np.linalg.norm(once, axis=1) / np.linalg.norm(scaled, axis=1)
    assert cosine == pytest.approx(np.ones(4), abs=1e-4)
    flat = normalised_derivatives(np.zeros((1, 1200)), np.ones((1, 1200), bool))
    assert np.isfinite(flat).all()


def test_the_inner_mask_leaves_out_the_ends_of_a_spectrum_but_not_those_of_the_grid():
    measured = np.ones((2, 30), dtype=bool)
    measured[0, :5] = measured[0, 25:] = False
    inner = inner_mask(measured)
    assert np.flatnonzero(inner[0]).tolist() == list(range(8, 22))
    assert inner[1].all()
