import dataclasses

import numpy as np
import pytest

from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.geolocation.fitting import (
    fit_family,
    predict_family,
)
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.training.presets import PRESETS

QUICK = PRESETS["default"].model_copy(
    update={"epochs": 6, "batch_size": 8, "crop": None, "dims": (4, 8, 8, 8), "warmup_steps": 5,
            "learning_rate": 5e-3, "augmentation": None}
)  # fmt: skip
CONTEXT = FitContext(seed=0, split="specimen", presets={"default": QUICK, "paper": QUICK}, trees=20)


_STATES = {}


def fitted(name, train_test):
    """Fits once: no test changes a state."""
    if name not in _STATES:
        _STATES[name] = fit_family(FAMILIES[name], train_test[0], CONTEXT)
    return _STATES[name]


def probabilities_of(name, train_test):
    return predict_family(FAMILIES[name], fitted(name, train_test), *train_test).scores


def accuracy(name, train_test):
    return (probabilities_of(name, train_test).argmax(axis=1) == train_test[1].label).mean()


def test_the_fixture_is_a_fold(train_test):
    train, test = train_test
    assert len(train) + len(test) == 89
    assert train.classes == test.classes == ("Brazil", "Chile", "Peru")
    assert not set(train.metadata["member_id"]) & set(test.metadata["member_id"])


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_fits_predicts_and_survives_storage(name, train_test, tmp_path):
    train, test = train_test
    state = fitted(name, train_test)
    predicted = predict_family(FAMILIES[name], state, train, test)
    for found in (predicted.scores, predicted.probabilities):
        assert found.shape == (len(test), 3)
        assert (found > 0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)

    state.write(tmp_path / "state")
    again = predict_family(FAMILIES[name], ModelState.read(tmp_path / "state"), train, test)
    np.testing.assert_array_equal(again.scores, predicted.scores)
    np.testing.assert_allclose(again.probabilities, predicted.probabilities)


@pytest.mark.parametrize("name", FAMILIES)
def test_same_seed_same_bytes(name, train_test, tmp_path):
    for run in ("a", "b"):
        fit_family(FAMILIES[name], train_test[0], CONTEXT).write(tmp_path / run)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_prediction_is_independent_of_labels_and_other_rows(name, train_test):
    train, test = train_test
    state = fitted(name, train_test)
    whole = predict_family(FAMILIES[name], state, train, test).probabilities
    blind = dataclasses.replace(test.subset(np.arange(3)), label=np.zeros(3, np.int64))
    alone = predict_family(FAMILIES[name], state, train, blind).probabilities
    np.testing.assert_allclose(alone, whole[:3], atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_flat_spectrum_has_finite_probabilities(name, train_test):
    train, test = train_test
    flat = dataclasses.replace(test, intensity=np.zeros_like(test.intensity))
    found = predict_family(FAMILIES[name], fitted(name, train_test), train, flat)
    assert np.isfinite(found.probabilities).all()


def test_separable_countries_are_learnt(train_test):
    for name in (
        *("nearest_neighbour", "rbf_svm", "extra_trees", "random_convolutions"),
        *("chemistry_svm", "chemistry_trees", "chemistry_blend"),
    ):
        assert accuracy(name, train_test) == 1.0, name
    assert accuracy("convnext1d", train_test) > 0.9
    # Calcite is Peru; Quartz is Brazil or Chile.
    assert 0.6 < accuracy("mineral_memorisation", train_test) < 0.8
    assert accuracy("majority", train_test) < 0.5


def test_specimen_memorisation_uses_specimens_only(train_test):
    train, test = train_test
    state = fitted("specimen_memorisation", train_test)
    found = predict_family(FAMILIES["specimen_memorisation"], state, train, test).scores
    majority = probabilities_of("majority", train_test)
    np.testing.assert_array_equal(found.argmax(axis=1), majority.argmax(axis=1))
    known = train.metadata["rruff_id"].iloc[0]
    leaked = dataclasses.replace(test, metadata=test.metadata.assign(rruff_id=known))
    found = predict_family(FAMILIES["specimen_memorisation"], state, train, leaked).scores
    of_specimen = train.label[train.metadata["rruff_id"] == known]
    assert set(found.argmax(axis=1)) <= set(of_specimen)


def test_an_unknown_mineral_gets_the_overall_frequencies(train_test):
    train, test = train_test
    unknown = dataclasses.replace(test, metadata=test.metadata.assign(mineral="Unobtainium"))
    family, majority = FAMILIES["mineral_memorisation"], FAMILIES["majority"]
    found = family.predict(family.fit(train, CONTEXT), train, unknown)
    expected = majority.predict(majority.fit(train, CONTEXT), train, test)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", ["majority", "rbf_svm", "extra_trees", "chemistry_blend"])
def test_a_country_without_training_spectra_stays_possible(name, train_test):
    train, test = train_test
    without = train.subset(train.label != 2)
    state = fit_family(FAMILIES[name], without, CONTEXT)
    found = predict_family(FAMILIES[name], state, without, test).probabilities
    assert (found[:, 2] > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
