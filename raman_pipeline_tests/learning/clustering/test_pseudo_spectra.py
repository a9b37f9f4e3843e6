import numpy as np
import pandas as pd

from raman_pipeline.learning.clustering.pseudo_spectra import pseudo_spectra


def test_centroids_are_decoded_and_measured_minerals_counted():
    clusters = pd.DataFrame(
        {
            "augmented": [False, False, True, False],
            "mineral": ["Albite", "Albite", "Albite", "Andradite"],
            "cluster": [0, 0, 0, 1],
        }
    )
    spectra = np.random.default_rng(0).random((4, 8), dtype=np.float32)
    first, second = pseudo_spectra(clusters, spectra, 2 * spectra, lambda latents: latents / 2)
    assert (first.minerals, second.minerals) == ({"Albite": 2}, {"Andradite": 1})
    np.testing.assert_allclose(first.mean, spectra[:3].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(first.decoded, first.mean, rtol=1e-6)
    np.testing.assert_array_equal(second.decoded, spectra[3])
