import numpy as np

from raman_pipeline.learning.data.similarity import best_by_class, unit_root


def test_the_best_per_class_is_the_maximum_over_all_pairs(train_test):
    train, test = train_test
    query, reference = unit_root(test.intensity), unit_root(train.intensity)
    found = best_by_class(query, reference, train.label, 4)
    every = query @ reference.T
    for label in range(3):
        np.testing.assert_allclose(
            found[:, label], every[:, train.label == label].max(axis=1), rtol=1e-5
        )
    assert (found[:, 3] == -1).all()
