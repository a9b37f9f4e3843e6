"""Experiments of many fits on new specimens, each an asset of its own."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.geolocation.duplicate_effect import (
    DUPLICATE_FAMILIES,
    DUPLICATE_SPLITS,
    duplicate_effect,
)
from raman_pipeline.learning.geolocation.experiments import (
    EXPERIMENT_RUNS,
    N_ABLATION_VARIANTS,
    SHARES,
    ExperimentData,
    ablate_inputs,
    compare_families,
    learning_curve,
)
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import comparable_baselines
from raman_pipeline.learning.geolocation.significance import (
    fit_power_law,
    mineral_ceiling,
    paired_test,
)
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration import steps
from raman_pipeline.orchestration.assets.folds import FoldTables
from raman_pipeline.orchestration.partitions import N_FOLDS
from raman_pipeline.orchestration.progress import Progress, publish
from raman_pipeline.plots.experiments import learning_curves, paired_differences, variant_bars
from raman_pipeline.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEST = "chemistry_blend"
"""The model that the comparison is about."""
SCALED = ("mineral_memorisation", "extra_trees", "chemistry_trees", BEST)


_USES = ["folds", "grid", "forest"]
# Which spectra take part is the same for every split.
_ONE_SPLIT = dg.SpecificPartitionsPartitionMapping(["specimen"])
_experiment = partial(
    kit.table_asset,
    EXPERIMENT_RUNS,
    group_name="experiments",
    ins={"fold_assignment": dg.AssetIn(partition_mapping=_ONE_SPLIT)},
    kinds={"scikitlearn"},
    uses=_USES,
    checks={"all_runs": "Every variant has a run for every fold and seed."},
)


def _data(settings: Settings, tables: FoldTables) -> ExperimentData:
    return ExperimentData(*tables, N_FOLDS, settings.forest.trees)


_Data = Annotated[ExperimentData, _data]


@_experiment(code_version="2", uses=[*_USES, "experiments"])
def paired_comparison(settings: Settings, data: _Data) -> kit.Result:
    """The best model against every baseline on its inputs: 5 folds x seeds, paired tests."""
    baselines = comparable_baselines(FAMILIES[BEST])
    seeds = range(settings.experiments.seeds)
    runs_each = len(seeds) * N_FOLDS
    names = [*baselines, BEST]
    table = compare_families(data, names, seeds, _log(runs_each * len(names)))
    runs = table.to_pandas()
    tests = {
        metric: {FAMILIES[b].title: paired_test(runs, BEST, b, metric) for b in baselines}
        for metric in ("accuracy", "macro_f1")
    }
    lines = [
        f"{metric}: {FAMILIES[BEST].title} - {title} = {t.difference:+.4f} "
        f"({t.low:+.4f} to {t.high:+.4f}, p = {t.p_value:.2g}, {t.runs} runs)"
        for metric, by_baseline in tests.items()
        for title, t in by_baseline.items()
    ]
    figure = paired_differences(tests, FAMILIES[BEST].title, _note(settings, runs))
    return _result(table, runs_each, {"differences": figure}, {"tests": lines})


@_experiment(code_version="3")
def input_ablation(settings: Settings, data: _Data, spectra: StoredTable) -> kit.Result:
    """The same learner on spectrum, chemistry and laser, alone and together; names memorised."""
    source = spectra.select(["member_id", "source"]).to_pandas().fillna("")
    covariates = data.covariates.merge(source, on="member_id", validate="one_to_one")
    data = replace(data, covariates=covariates)
    table = ablate_inputs(data, settings.folds.seed, _log(N_FOLDS * N_ABLATION_VARIANTS))
    runs = table.to_pandas()
    figure = variant_bars(runs, f"Country classification by inputs\n{_note(settings, runs)}")
    used = data.rows[data.rows["excluded"].isna()]
    ceiling = mineral_ceiling(used.drop_duplicates("rruff_id"))
    metadata = {
        "mineral_with_other_specimens": ceiling.share,
        "mineral_agreement": ceiling.agreement,
        "mineral_accuracy_at_most": ceiling.at_most,
    }
    return _result(table, N_FOLDS, {"inputs": figure}, metadata)


@_experiment(name="learning_curve", code_version="2")
def learning_curve_asset(settings: Settings, data: _Data) -> kit.Result:
    """Loss against the number of training specimens, with a fitted power law."""
    runs_each = N_FOLDS * len(SHARES)
    log = _log(runs_each * len(SCALED))
    table = learning_curve(data, SCALED, settings.folds.seed, log)
    runs = table.to_pandas()
    laws = {name: fit_power_law(rows) for name, rows in runs.groupby("variant")}
    titles = {name: FAMILIES[name].title for name in SCALED}
    lines = [
        f"{titles[name]}: log loss = {law.scale:.3f} · specimens^-{law.exponent:.4f} "
        f"(95%: {law.low:.4f} to {law.high:.4f})"
        for name, law in laws.items()
    ]
    figure = learning_curves(runs, laws, titles, _note(settings, runs))
    return _result(table, runs_each, {"learning_curves": figure}, {"power_laws": lines})


@_experiment(name="duplicate_effect", code_version="3")
def duplicate_effect_asset(settings: Settings, data: _Data) -> kit.Result:
    """The effect of counting each measurement twice, as RAW and Processed, on the papers' split."""
    total = 2 * len(DUPLICATE_SPLITS) * len(DUPLICATE_FAMILIES) * N_FOLDS
    table = duplicate_effect(data, settings.folds.seed, _log(total))
    figure = variant_bars(
        table.to_pandas(),
        "Every spectrum twice, the duplicate with another baseline and noise\n"
        f"profile {settings.title}, {N_FOLDS} folds, seed {settings.folds.seed}",
    )
    return _result(table, N_FOLDS, {"duplicates": figure}, {})


def _log(total: int) -> Callable[[dict], None]:
    context = dg.AssetExecutionContext.get()
    done = itertools.count(1)

    def log(run: dict) -> None:
        note = f"accuracy {run['accuracy']:.3f}"
        context.log.info(
            f"{run['variant']}, seed {run['seed']}, fold {run['fold']}, {run['specimens']} "
            f"specimens: {note}"
        )
        publish(Progress(steps.step_name(), next(done), total, note))

    return log


def _note(settings: Settings, runs: pd.DataFrame) -> str:
    seeds = runs["seed"].nunique()
    counted = f"{seeds} seed{'' if seeds == 1 else 's'}"
    return (
        f"profile {settings.title}, specimen split, {N_FOLDS} folds x "
        f"{counted}, n = {runs['n'].mean():,.0f} test spectra per fold"
    )


def _result(
    table: pa.Table, runs_each: int, figures: "dict[str, Figure]", metadata: dict[str, Any]
) -> kit.Result:
    """Returns the result of an experiment; every variant must have the same number of runs."""
    runs = table.to_pandas()
    means = runs[runs["share"] == 1].groupby("variant")[["accuracy", "macro_f1", "top5"]].mean()
    return kit.Result(
        table,
        {"means": dg.MetadataValue.json(means.round(4).to_dict("index")), **metadata},
        checks={"all_runs": kit.Check((runs["variant"].value_counts() == runs_each).all())},
        figures=figures,
    )
