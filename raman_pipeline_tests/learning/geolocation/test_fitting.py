from raman_pipeline.learning.geolocation.calibration import Calibration
from raman_pipeline.learning.geolocation.fitting import inner_split
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline_tests.learning.geolocation.families.test_families import fitted


def test_no_specimen_is_in_both_inner_sets(train_test):
    inner, validation = inner_split(train_test[0], "specimen", 0)
    assert len(inner) + len(validation) == len(train_test[0])
    assert not set(inner.metadata["rruff_id"]) & set(validation.metadata["rruff_id"])


def test_the_random_split_does_not_group(train_test):
    inner, validation = inner_split(train_test[0], "random", 0)
    assert set(inner.metadata["rruff_id"]) & set(validation.metadata["rruff_id"])


def test_the_hyperparameters_with_the_lowest_loss_are_selected_and_fitted(train_test):
    state = fitted("random_convolutions", train_test)
    calibration = Calibration.of(state)
    losses = {tried["ridge"]: loss for tried, loss in calibration.trials}
    assert calibration.hyperparameters["ridge"] == min(losses, key=losses.get)
    assert state.metadata["ridge"] == calibration.hyperparameters["ridge"]
    assert len(losses) == len(FAMILIES["random_convolutions"].param_grid)
