import dataclasses

import numpy as np
import pytest

from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.calibration import Calibration
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.geolocation.fitting import fit_family, inner_split, predict_family
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.training.presets import PRESETS

QUICK = PRESETS["default"].model_copy(
    update={"steps": 54, "batch_size": 8, "crop": None, "dims": (4, 8, 8, 8), "warmup_steps": 5,
            "learning_rate": 5e-3, "augmentation": None}
)  # fmt: skip
CONTEXT = FitContext(seed=0, split="specimen", presets={"default": QUICK, "paper": QUICK}, trees=20)

_STATES = {}


def fitted(name, train_test):
    """Fits once: no test changes a state."""
    if name not in _STATES:
        _STATES[name] = fit_family(FAMILIES[name], train_test[0], CONTEXT)
    return _STATES[name]


def scores_of(name, train_test):
    return predict_family(FAMILIES[name], fitted(name, train_test), *train_test).scores


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_predicts_the_same_after_storage_and_fits_the_same_bytes(
    name, train_test, tmp_path
):
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
    # The same seed gives the same bytes.
    fit_family(FAMILIES[name], train, CONTEXT).write(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "state").read_bytes()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_prediction_is_finite_and_independent_of_labels_and_other_rows(name, train_test):
    train, test = train_test
    state = fitted(name, train_test)
    whole = predict_family(FAMILIES[name], state, train, test).probabilities
    blind = dataclasses.replace(test.subset(np.arange(3)), label=np.zeros(3, np.int64))
    alone = predict_family(FAMILIES[name], state, train, blind).probabilities
    np.testing.assert_allclose(alone, whole[:3], atol=1e-5)
    flat = dataclasses.replace(test, intensity=np.zeros_like(test.intensity))
    assert np.isfinite(predict_family(FAMILIES[name], state, train, flat).probabilities).all()


def test_separable_countries_are_learnt(train_test):
    accuracy = {
        name: (scores_of(name, train_test).argmax(axis=1) == train_test[1].label).mean()
        for name in FAMILIES
    }
    assert accuracy.pop("convnext1d") > 0.9
    # Calcite is Peru; Quartz is Brazil or Chile.
    assert 0.6 < accuracy.pop("mineral_memorisation") < 0.8
    assert accuracy.pop("majority") < 0.5
    del accuracy["specimen_memorisation"], accuracy["convnext1d_paper"]
    assert set(accuracy.values()) == {1.0}, accuracy


@pytest.mark.parametrize("column", ["rruff_id", "mineral"])
def test_memorisation_uses_the_specimen_or_the_mineral_and_else_the_frequencies(train_test, column):
    train, test = train_test
    name = "specimen_memorisation" if column == "rruff_id" else "mineral_memorisation"
    majority = scores_of("majority", train_test)
    values, most_frequent = train.metadata[column], majority[0].argmax()
    known = values[~values.isin(values[train.label == most_frequent])].iloc[0]
    for value, labels in (("none", [most_frequent]), (known, train.label[values == known])):
        other = dataclasses.replace(test, metadata=test.metadata.assign(**{column: value}))
        found = predict_family(FAMILIES[name], fitted(name, train_test), train, other).scores
        assert set(found.argmax(axis=1)) <= set(labels)
        if value != known:
            np.testing.assert_allclose(found, majority)


@pytest.mark.parametrize("name", ["majority", "rbf_svm", "extra_trees", "chemistry_blend"])
def test_a_country_without_training_spectra_stays_possible(name, train_test):
    train, test = train_test
    without = train.subset(train.label != 2)
    state = fit_family(FAMILIES[name], without, CONTEXT)
    found = predict_family(FAMILIES[name], state, without, test).probabilities
    assert (found[:, 2] > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_the_inner_split_groups_as_the_outer_one(train_test):
    for split in ("specimen", "random"):
        inner, validation = inner_split(train_test[0], split, 0)
        assert len(inner) + len(validation) == len(train_test[0])
        shared = set(inner.metadata["rruff_id"]) & set(validation.metadata["rruff_id"])
        assert bool(shared) == (split == "random")


def test_the_hyperparameters_with_the_lowest_loss_are_selected_and_fitted(train_test):
    state = fitted("random_convolutions", train_test)
    calibration = Calibration.of(state)
    losses = {t.hyperparameters["ridge"]: t.loss for t in calibration.trials}
    assert calibration.hyperparameters["ridge"] == min(losses, key=losses.get)
    assert state.metadata["ridge"] == calibration.hyperparameters["ridge"]
    assert len(losses) == len(FAMILIES["random_convolutions"].param_grid)
