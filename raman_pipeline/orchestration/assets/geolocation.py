"""Stage 6: models and predictions of every family."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa

from raman_pipeline.learning.data.labelled import fold_train_test
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.geolocation.fitting import (
    Calibration,
    checkpoint_files,
    fit_family,
    predict_family,
)
from raman_pipeline.learning.geolocation.metrics import PREDICTIONS, predictions_table, summarise
from raman_pipeline.learning.geolocation.registry import Family
from raman_pipeline.learning.training.loop import EpochReport
from raman_pipeline.orchestration.metadata import (
    MODEL,
    OWNERS,
    TABLE,
    arrays_version,
    blocking_check,
    check_result,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.partitions import FOLD_SPLIT, fold_and_split
from raman_pipeline.orchestration.progress import Progress, publish
from raman_pipeline.orchestration.provenance import PROTOCOL_KEY, protocol_version
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_COMMON: dict[str, Any] = {"group_name": "geolocation", "owners": OWNERS}


def family_assets(family: Family) -> list[dg.AssetsDefinition]:
    """Returns `<family>_model` and `<family>_predictions`, partitioned by fold x split."""
    model_name, predictions_name = f"{family.name}_model", f"{family.name}_predictions"

    @dg.asset(
        **_COMMON,
        name=model_name,
        description=f"{family.description} Chosen and calibrated on an inner validation, "
        "then fitted on four folds.",
        partitions_def=FOLD_SPLIT,
        kinds={"safetensors"} | ({"pytorch"} if family.preset else set()),
        dagster_type=MODEL,
        io_manager_key="model_io_manager",
        code_version=family.version,
        metadata={"settings_used": list(family.uses)},
    )
    def model(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        fold_assignment: pa.Table,
        resampled_spectra: SpectrumTensor,
        spectrum_covariates: pa.Table,
    ) -> dg.MaterializeResult:
        fold, split = fold_and_split(context.partition_key)
        train, _ = fold_train_test(
            fold_assignment.to_pandas(), resampled_spectra, fold, spectrum_covariates.to_pandas()
        )

        def log(report: EpochReport) -> None:
            context.log.info(
                f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.4f}, "
                f"training {report.measure} {report.value:.3f}, {report.seconds:.1f} s"
            )
            publish(
                Progress(
                    f"{family.title}, {split} {fold}",
                    report.epoch,
                    report.epochs,
                    f"loss {report.loss:.3f}",
                )
            )

        seed = settings.training.seed + fold
        state = fit_family(
            family,
            train,
            FitContext(
                seed,
                split,
                settings.forest.trees,
                settings.training.presets,
                checkpoint=_checkpoint(settings, family, split, fold),
                on_epoch=log,
            ),
        )
        calibration = Calibration.of(state)
        return dg.MaterializeResult(
            value=state,
            data_version=dg.DataVersion(arrays_version(state.arrays, str(state.metadata))),
            metadata={
                "dagster/row_count": len(train),
                "training_spectra": len(train),
                "countries": len(train.classes),
                "fold": fold,
                "split": split,
                "seed": seed,
                "temperature": calibration.calibrator.temperature,
                "prior_weight": calibration.calibrator.prior_weight,
                "bandwidth_km": calibration.bandwidth_km,
                "hyperparameters": dict(calibration.hyperparameters),
                "trials": [f"{tried}: log loss {loss}" for tried, loss in calibration.trials],
                "settings": settings.part(family.uses),
                **{k: v for k, v in state.metadata.items() if isinstance(v, int | float)},
            },
        )

    @dg.asset(
        **_COMMON,
        name=predictions_name,
        description=f"What {family.title} says of the fifth fold, one row a spectrum.",
        dagster_type=TABLE,
        ins={"state": dg.AssetIn(model_name)},
        partitions_def=FOLD_SPLIT,
        kinds={"parquet"},
        code_version="5",
        metadata={"settings_used": ["folds", "grid", *family.uses]},
        check_specs=[
            schema_check(predictions_name),
            blocking_check(
                predictions_name,
                "specimens_disjoint",
                "Under every split but `random`, no test specimen stands in training.",
            ),
        ],
    )
    def predictions(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        state: ModelState,
        fold_assignment: pa.Table,
        resampled_spectra: SpectrumTensor,
        spectrum_covariates: pa.Table,
    ) -> dg.MaterializeResult:
        fold, split = fold_and_split(context.partition_key)
        covariates = spectrum_covariates.to_pandas()
        train, test = fold_train_test(
            fold_assignment.to_pandas(), resampled_spectra, fold, covariates
        )
        predicted = predict_family(family, state, train, test)
        table = predictions_table(predicted, train, test)
        protocol = protocol_version(settings, family, fold_assignment)
        table = table.replace_schema_metadata({PROTOCOL_KEY: protocol})
        frame = table.to_pandas()
        # The model is stored by now, so the states to resume its training are not needed.
        for path in checkpoint_files(_checkpoint(settings, family, split, fold)):
            path.unlink(missing_ok=True)
        seen = int(frame["specimen_in_training"].sum())
        scores = {k: v for k, v in summarise(frame).items() if np.isfinite(v)}
        return table_result(
            predictions_name,
            table,
            PREDICTIONS,
            {},
            [
                check_result(
                    predictions_name,
                    "specimens_disjoint",
                    split == "random" or seen == 0,
                    specimens_seen=seen,
                )
            ],
            fold=fold,
            split=split,
            **scores,
        )

    return [model, predictions]


def _checkpoint(settings: Settings, family: Family, split: str, fold: int) -> Path:
    return settings.checkpoint_store / family.name / split / f"{fold}.pt"
