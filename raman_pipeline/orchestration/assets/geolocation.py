"""Stage 6: models and predictions of every family, and the report over them."""

from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from raman_pipeline import atomic
from raman_pipeline.learning.families import FAMILIES, Family, FitContext
from raman_pipeline.learning.labelled import ModelState, fold_sides
from raman_pipeline.learning.metrics import PREDICTIONS, predictions_table, summarise
from raman_pipeline.learning.report import (
    METRICS,
    Predictions,
    country_scores,
    fold_metrics,
    summary,
    to_markdown,
    verdicts,
)
from raman_pipeline.learning.splits import SPLITS
from raman_pipeline.learning.training import EpochReport
from raman_pipeline.orchestration.metadata import (
    MODEL,
    OWNERS,
    TABLE,
    arrays_version,
    check_result,
    figure_metadata,
    promise_check,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.partitions import FOLD_SPLIT, N_FOLDS, fold_and_split
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.plots.geolocation import country_bars, families_by_split
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor
from raman_pipeline.table_file import table_version

_COMMON: dict[str, Any] = {"group_name": "geolocation", "owners": OWNERS}


def family_assets(family: Family) -> list[dg.AssetsDefinition]:
    """Returns `<family>_model` and `<family>_predictions`, partitioned by fold x split."""
    model_name, predictions_name = f"{family.name}_model", f"{family.name}_predictions"

    @dg.asset(
        **_COMMON,
        name=model_name,
        description=f"{family.description} Fitted on four folds.",
        partitions_def=FOLD_SPLIT,
        kinds={"safetensors"} | (set() if family.baseline else {"pytorch"}),
        dagster_type=MODEL,
        io_manager_key="model_io_manager",
        code_version="1",
        metadata={"settings_used": list(family.uses)},
    )
    def model(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        fold_assignment: pa.Table,
        resampled_spectra: SpectrumTensor,
    ) -> dg.MaterializeResult:
        fold, split = fold_and_split(context.partition_key)
        train, _ = fold_sides(fold_assignment.to_pandas(), resampled_spectra, fold)

        def log(report: EpochReport) -> None:
            context.log.info(
                f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.4f}, "
                f"training accuracy {report.accuracy:.3f}, {report.seconds:.1f} s"
            )

        checkpoint = _checkpoint(settings, family, split, fold)
        seed = settings.training.seed + fold
        state = family.fit(train, FitContext(seed, settings.training.preset, checkpoint, log))
        return dg.MaterializeResult(
            value=state,
            data_version=dg.DataVersion(arrays_version(state.arrays, str(state.about))),
            metadata={
                "dagster/row_count": len(train),
                "training_spectra": len(train),
                "countries": len(train.classes),
                "fold": fold,
                "split": split,
                "seed": seed,
                "settings": settings.part(family.uses),
                **{k: v for k, v in state.about.items() if isinstance(v, int | float)},
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
        code_version="2",
        metadata={"settings_used": ["folds", "grid", *family.uses]},
        check_specs=[
            schema_check(predictions_name),
            promise_check(
                predictions_name,
                "no_specimen_on_both_sides",
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
    ) -> dg.MaterializeResult:
        fold, split = fold_and_split(context.partition_key)
        train, test = fold_sides(fold_assignment.to_pandas(), resampled_spectra, fold)
        table = predictions_table(family.predict(state, train, test), train, test)
        protocol = _protocol_version(settings, family, fold_assignment)
        table = table.replace_schema_metadata({_PROTOCOL: protocol})
        frame = table.to_pandas()
        # The model is stored by now, so the state to resume its training is not needed.
        _checkpoint(settings, family, split, fold).unlink(missing_ok=True)
        seen = int(frame["specimen_in_training"].sum())
        scores = {k: v for k, v in summarise(frame).items() if v == v}
        return table_result(
            predictions_name,
            table,
            PREDICTIONS,
            {},
            [
                check_result(
                    predictions_name,
                    "no_specimen_on_both_sides",
                    split == "random" or seen == 0,
                    specimens_seen=seen,
                )
            ],
            fold=fold,
            split=split,
            **scores,
        )

    return [model, predictions]


@dg.asset(
    **_COMMON,
    ins={
        "fold_assignment": dg.AssetIn(metadata={"allow_missing_partitions": True}),
        **{
            f"{name}_predictions": dg.AssetIn(metadata={"allow_missing_partitions": True})
            for name in FAMILIES
        },
    },
    dagster_type=TABLE,
    kinds={"parquet", "markdown"},
    code_version="2",
    metadata={"settings_used": ["folds", "grid", "training"]},
    check_specs=[
        schema_check("geolocation_report"),
        promise_check(
            "geolocation_report",
            "baselines_beside",
            "No split shows the model without every baseline on the same folds.",
        ),
    ],
)
def geolocation_report(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    rruff: dg.ResourceParam[Rruff],
    fold_assignment: dict[str, pa.Table],
    **family_predictions: dict[str, pa.Table],
) -> dg.MaterializeResult:
    """All families under all splits, per fold and per country, with the protocol.

    Predictions made under other folds or settings than the present ones are left out and
    counted: no number may stand under a protocol that is not its own.
    """
    current, outdated = _current(settings, fold_assignment, family_predictions)
    if not current:
        raise dg.Failure(
            "No predictions fit the present folds and settings; train with `make backfill` first.",
            allow_retries=False,
        )
    metrics = fold_metrics(current)
    frame = metrics.to_pandas()
    table = summary(frame)
    protocol = _protocol(settings, rruff, fold_assignment, frame, outdated)
    text = to_markdown(table, protocol)
    path = settings.figure_store / "geolocation_report" / "report.md"
    atomic.write_text(path, text)
    folds_of = frame.groupby(["split", "family"])["fold"].agg(frozenset).unstack("family")
    beside = bool(
        (folds_of.reindex(columns=list(FAMILIES)).nunique(axis=1, dropna=False) == 1).all()
    )
    return table_result(
        "geolocation_report",
        metrics,
        METRICS,
        settings.part(["folds", "grid", "training"]),
        [check_result("geolocation_report", "baselines_beside", beside)],
        report=dg.MetadataValue.md(text),
        report_file=dg.MetadataValue.path(path),
        verdicts=verdicts(table),
        outdated_partitions=outdated,
        **_figures(settings, table, current),
    )


def _checkpoint(settings: Settings, family: Family, split: str, fold: int) -> Path:
    return settings.checkpoint_store / family.name / split / f"{fold}.pt"


_PROTOCOL = "protocol"


def _protocol_version(settings: Settings, family: Family, folds: pa.Table) -> str:
    """Returns a hash of all that a prediction depends on: folds, grid, the family's settings."""
    return f"{settings.version_of(['folds', 'grid', *family.uses])}-{table_version(folds)}"


def _current(
    settings: Settings,
    fold_assignment: dict[str, pa.Table],
    family_predictions: dict[str, dict[str, pa.Table]],
) -> tuple[Predictions, int]:
    """Returns the folds that all families predicted under the present protocol; counts the rest."""
    current: dict[tuple[str, str, int], pd.DataFrame] = {}
    found = 0
    for name, family in FAMILIES.items():
        expected = {
            split: _protocol_version(settings, family, folds)
            for split, folds in fold_assignment.items()
        }
        for key, table in family_predictions[f"{name}_predictions"].items():
            found += 1
            fold, split = fold_and_split(key)
            protocol = (table.schema.metadata or {}).get(_PROTOCOL.encode(), b"").decode()
            if protocol == expected.get(split):
                current[name, split, fold] = table.to_pandas()
    # Means over different folds would compare nothing, so a fold counts when all have it.
    families_of = Counter((split, fold) for _, split, fold in current)
    compared = {k: v for k, v in current.items() if families_of[k[1:]] == len(FAMILIES)}
    return compared, found - len(compared)


def _protocol(
    settings: Settings,
    rruff: Rruff,
    fold_assignment: dict[str, pa.Table],
    metrics: pd.DataFrame,
    outdated: int,
) -> dict[str, str]:
    folds = next(iter(fold_assignment.values())).to_pandas()
    used = folds[folds["fold"].notna()]
    reasons = folds["excluded"].value_counts()
    preset = settings.training.preset
    done = metrics.groupby("split")["fold"].nunique()
    profile: str = settings.profile
    if profile == "sample":
        profile += " (simulated spectra: the numbers say nothing of minerals)"
    return {
        "profile": profile,
        "archives": "; ".join(rruff.published()),
        "spectra": f"{len(used):,} of {len(folds):,}, {used['rruff_id'].nunique():,} specimens, "
        f"{used['country'].nunique()} countries; kinds: {', '.join(settings.folds.kinds)}",
        "left out": ", ".join(f"{n:,} {reason}" for reason, n in reasons.items()) or "none",
        "grid": f"{settings.grid.points} points over the global window, "
        f"{settings.grid.interpolation}",
        "folds": f"{N_FOLDS}, seed {settings.folds.seed}; done: "
        + ", ".join(f"{s} {done.get(s, 0)}/{N_FOLDS}" for s in SPLITS)
        + (
            f"; {outdated} sets of predictions left out (outdated, or without all families)"
            if outdated
            else ""
        ),
        "ConvNeXt1D": f"{preset.epochs} epochs, batch {preset.batch_size}, learning rate "
        f"{preset.learning_rate:g}, weight decay {preset.weight_decay:g}, seed "
        f"{settings.training.seed} + fold; nothing was tuned on the test fold",
    }


def _figures(
    settings: Settings, table: pd.DataFrame, current: Predictions
) -> dict[str, dg.MetadataValue]:
    titles = {name: family.title for name, family in FAMILIES.items()}
    folds, n = table["folds"].max(), table["n"].max()
    note = f"{settings.profile} profile, {folds} of {N_FOLDS} folds, n = {n:,} test spectra"
    figures = {"families_by_split": families_by_split(table, titles, note)}
    for split in ("random", "specimen"):
        scores = country_scores(current, "convnext1d", split)
        if len(scores):
            for metric in ("f1", "precision"):
                figures[f"{metric}_by_country_{split}"] = country_bars(
                    scores, metric, f"ConvNeXt1D, {split} split: {metric} by country"
                )
    return figure_metadata(settings, "geolocation_report", **figures)
