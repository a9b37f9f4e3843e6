import numpy as np
import pytest

from raman_pipeline.spectra.unmixing import nonnegative_weights


def test_weights_of_sums_are_found_and_none_is_negative():
    references = np.random.default_rng(0).random((3, 40))
    weights = nonnegative_weights(
        references, np.stack([0.7 * references[0] + 0.3 * references[2], -references[1]])
    )
    assert weights[0] == pytest.approx([0.7, 0, 0.3], abs=1e-6)
    assert (weights >= 0).all()
