import dataclasses

import numpy as np
import pytest

from raman_pipeline.learning.families import FAMILIES, FitContext
from raman_pipeline.learning.labelled import ModelState
from raman_pipeline.learning.metrics import PREDICTIONS, per_country, predictions_table, summarise
from raman_pipeline.learning.presets import PRESETS

QUICK = PRESETS["default"].model_copy(
    update={"epochs": 6, "batch_size": 8, "crop": None, "dims": (4, 8, 8, 8), "warmup_steps": 5,
            "learning_rate": 5e-3}
)  # fmt: skip
CONTEXT = FitContext(seed=0, preset=QUICK)


def test_sides_hold_what_takes_part(sides):
    train, test = sides
    assert len(train) + len(test) == 89
    assert train.classes == test.classes == ("Brazil", "Chile", "Peru")
    assert not set(train.about["member_id"]) & set(test.about["member_id"])


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_fits_predicts_and_survives_storage(name, sides, tmp_path):
    train, test = sides
    family = FAMILIES[name]
    state = family.fit(train, CONTEXT)
    probabilities = family.predict(state, train, test)
    assert probabilities.shape == (len(test), 3)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)

    state.write(tmp_path / "state")
    again = family.predict(ModelState.read(tmp_path / "state"), train, test)
    np.testing.assert_array_equal(again, probabilities)

    table = predictions_table(probabilities, train, test)
    assert PREDICTIONS.problems(table) == []
    assert table.num_rows == len(test)


@pytest.mark.parametrize("name", FAMILIES)
def test_same_seed_same_bytes(name, sides, tmp_path):
    for run in ("a", "b"):
        FAMILIES[name].fit(sides[0], CONTEXT).write(tmp_path / run)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def accuracy(name, sides):
    train, test = sides
    state = FAMILIES[name].fit(train, CONTEXT)
    return summarise(
        predictions_table(FAMILIES[name].predict(state, train, test), train, test).to_pandas()
    )["accuracy"]


def test_what_can_be_learnt_is_learnt(sides):
    assert accuracy("nearest_neighbour", sides) == 1.0
    assert accuracy("convnext1d", sides) > 0.9
    # Calcite is Peru; Quartz is Brazil or Chile.
    assert 0.6 < accuracy("mineral_lookup", sides) < 0.8
    assert accuracy("majority", sides) < 0.5


def test_an_unknown_mineral_gets_the_overall_frequencies(sides):
    train, test = sides
    family = FAMILIES["mineral_lookup"]
    unknown = dataclasses.replace(test, about=test.about.assign(mineral="Unobtainium"))
    state = family.fit(train, CONTEXT)
    found = family.predict(state, train, unknown)
    expected = FAMILIES["majority"].predict(FAMILIES["majority"].fit(train, CONTEXT), train, test)
    np.testing.assert_allclose(found, expected)


def test_a_flat_spectrum_gets_an_answer(sides):
    train, test = sides
    flat = dataclasses.replace(test, intensity=np.zeros_like(test.intensity))
    for family in FAMILIES.values():
        assert np.isfinite(family.predict(family.fit(train, CONTEXT), train, flat)).all()


class TestMetrics:
    def test_ties_go_to_the_commoner_country(self, sides):
        train, test = sides
        table = predictions_table(np.full((len(test), 3), 1 / 3), train, test).to_pandas()
        commonest = train.classes[np.bincount(train.label).argmax()]
        assert set(table["predicted"]) == {commonest}
        assert set(table["rank"]) == {1, 2, 3}

    def test_perfect_and_wrong(self, sides):
        train, test = sides
        right = np.eye(3)[test.label]
        scores = summarise(predictions_table(right, train, test).to_pandas())
        assert (scores["accuracy"], scores["macro_f1"], scores["top5"]) == (1, 1, 1)
        wrong = summarise(predictions_table(np.roll(right, 1, axis=1), train, test).to_pandas())
        assert (wrong["accuracy"], wrong["macro_f1"], wrong["top5"]) == (0, 0, 1)

    def test_seen_specimens_are_told_apart(self, sides):
        train, test = sides
        table = predictions_table(np.eye(3)[test.label], train, test).to_pandas()
        assert not table["specimen_in_training"].any()
        leaked = dataclasses.replace(train, about=train.about.assign(rruff_id="R0"))
        seen = predictions_table(np.eye(3)[test.label], leaked, test).to_pandas()
        assert seen["specimen_in_training"].sum() == (test.about["rruff_id"] == "R0").sum() == 1

    def test_per_country(self, sides):
        train, test = sides
        table = per_country(predictions_table(np.eye(3)[test.label], train, test).to_pandas())
        assert list(table["country"]) == ["Brazil", "Chile", "Peru"]
        assert table["n"].sum() == len(test)
        assert (table[["f1", "precision", "recall"]] == 1).all(axis=None)
