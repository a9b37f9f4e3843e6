from itertools import combinations

import numpy as np

from raman_pipeline.learning.geolocation.families.random_convolutions import _dilations, transform


def test_features_are_those_of_plain_convolutions_with_the_kernels_of_minirocket():
    rng = np.random.default_rng(0)
    spectra = rng.random((4, 60)).astype(np.float32)
    dilations = np.array([1, 4])
    # Those that are chosen fit into the spectrum.
    assert _dilations(337).tolist() == [1, 2, 4, 8, 16, 32]
    biases = rng.normal(0, 0.5, (2, 84, 2)).astype(np.float32)
    expected = []
    for spectrum in spectra:
        row = []
        for d, dilation in enumerate(dilations):
            for k, triple in enumerate(combinations(range(9), 3)):
                weights = np.full(9, -1.0)
                weights[list(triple)] = 2
                spread = np.zeros(8 * dilation + 1)
                spread[::dilation] = weights
                out = np.convolve(spectrum, spread[::-1], mode="full")
                out = out[4 * dilation : 4 * dilation + 60]
                row += [(out > b).mean() for b in biases[d, k]]
        expected.append(row)
    # A value that equals a bias to the last digit may fall on either side.
    np.testing.assert_allclose(transform(spectra, dilations, biases), expected, atol=1.01 / 60)
    assert np.isclose(transform(spectra, dilations, biases), expected).mean() > 0.999
