"""Models and predictions of every family."""

from functools import partial
from typing import Annotated

import dagster as dg
import numpy as np
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.data.labelled import LabelledSpectra, fold_train_test
from raman_pipeline.learning.data.labelled import labelled_spectra as hashed
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.data.splits import LEAK_SPECIMENS, Split
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.geolocation.fitting import Calibration, fit_family, predict_family
from raman_pipeline.learning.geolocation.metrics import PREDICTIONS, predictions_table, summarise
from raman_pipeline.learning.geolocation.registry import FAMILIES, Family
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration import steps
from raman_pipeline.orchestration.asset_paths import asset_path
from raman_pipeline.orchestration.partitions import FOLD_SPLIT
from raman_pipeline.orchestration.provenance import prediction_uses
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import open_tensor

_model = partial(kit.model_asset, group_name="geolocation", partitions_def=FOLD_SPLIT)
_table = partial(kit.table_asset, group_name="geolocation", partitions_def=FOLD_SPLIT)


def _train_test(
    fold: int, split: Split, settings: Settings, labelled_spectra: pa.Table
) -> tuple[LabelledSpectra, LabelledSpectra]:
    """Returns training and test set; what `labelled_spectra` hashes is read from the store.

    It is no input by itself, as a model would be stale if any spectrum changed.
    """
    rows, store = labelled_spectra.to_pandas(), settings.asset_store
    tensor = open_tensor(asset_path(store, "resampled_spectra", extension=".safetensors"))
    covariates = StoredTable(asset_path(store, "spectrum_covariates")).read().to_pandas()
    if hashed(rows, tensor, covariates) != labelled_spectra:
        raise kit.failure("Spectra changed since the folds were made: `raman-pipeline run` first.")
    return fold_train_test(rows, tensor, fold, split, covariates)


_Sets = Annotated[tuple[LabelledSpectra, LabelledSpectra], _train_test]
"""Training and test set of the fold."""


def family_assets(family: Family) -> list[dg.AssetsDefinition]:
    """Returns `<family>_model` and `<family>_predictions`, partitioned by fold x split."""
    model_name, predictions_name = f"{family.name}_model", f"{family.name}_predictions"

    @_model(
        name=model_name,
        description=f"{family.description} Hyperparameters and calibration are chosen on an inner "
        "validation set; then it is fitted on four folds.",
        kinds={"pytorch"} if family.preset else (),
        code_version=family.version,
        uses=list(family.uses),
    )
    def model(fold: int, split: Split, settings: Settings, sets: _Sets) -> kit.Result:
        train, _ = sets
        fit_context = FitContext(
            settings.training.seed + fold,
            split,
            settings.forest.trees,
            settings.training.presets,
            checkpoint=steps.checkpoint_of(settings),
            on_epoch=steps.log_epochs(),
        )
        state = fit_family(family, train, fit_context)
        calibration = Calibration.of(state)
        return kit.Result(
            state,
            {
                "dagster/row_count": len(train),
                "countries": len(train.classes),
                "seed": fit_context.seed,
                "temperature": calibration.calibrator.temperature,
                "prior_weight": calibration.calibrator.prior_weight,
                "bandwidth_km": calibration.bandwidth_km,
                "hyperparameters": dict(calibration.hyperparameters),
                "trials": [f"{t}: log loss {t.loss}" for t in calibration.trials],
            },
        )

    @_table(
        PREDICTIONS,
        name=predictions_name,
        description=f"Predictions of {family.title} for the test fold, one row per spectrum.",
        ins={"state": dg.AssetIn(model_name)},
        code_version="6",
        uses=prediction_uses(family.name),
        provenance_inputs=["labelled_spectra"],
        checks={
            "specimens_disjoint": "Under the splits by specimen, locality and species, no "
            "test specimen is in training."
        },
    )
    def predictions(split: Split, state: ModelState, sets: _Sets) -> kit.Result:
        train, test = sets
        table = predictions_table(predict_family(family, state, train, test), train, test)
        frame = table.to_pandas()
        seen = int(frame["specimen_in_training"].sum())
        return kit.Result(
            table,
            {k: v for k, v in summarise(frame).items() if np.isfinite(v)},
            checks={
                "specimens_disjoint": kit.Check(
                    split in LEAK_SPECIMENS or seen == 0, specimens_seen=seen
                )
            },
        )

    return [model, predictions]


FAMILY_ASSETS = [asset for family in FAMILIES.values() for asset in family_assets(family)]
