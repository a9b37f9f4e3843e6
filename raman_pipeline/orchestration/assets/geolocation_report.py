"""The report over all families, splits and folds, with its figures."""

import itertools
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from raman_pipeline.learning.data.leakage import leakage_by_split
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.learning.geolocation.calibration import Calibration
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import (
    METRICS,
    Predictions,
    country_groups,
    country_scores,
    decomposition,
    fold_metrics,
    summary,
    tables_of,
    trial_scores,
    verdicts,
)
from raman_pipeline.learning.geolocation.report_text import to_markdown
from raman_pipeline.learning.geolocation.siblings import SiblingAccuracy
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.partitions import FOLD_SPLIT, N_FOLDS, partition_values
from raman_pipeline.orchestration.provenance import current_predictions
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.plots.geolocation import by_country_and_fold, families_by_split
from raman_pipeline.plots.leakage import leakage_summary
from raman_pipeline.plots.probabilities import (
    abstention_curves,
    coverage_curves,
    distance_curves,
    reliability_diagrams,
)
from raman_pipeline.rruff.merge import share_of_rruff
from raman_pipeline.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {name: family.title for name, family in FAMILIES.items()}
SHOWN = (
    *("specimen_memorisation", "nearest_neighbour", "chemistry_trees", "convnext1d"),
    "chemistry_blend",
)
"""Families in figures that have no room for all."""
SIBLINGS_SHOWN = ("nearest_neighbour", "convnext1d", "extra_trees", "chemistry_trees")
"""Families whose accuracy is shown by siblings: the first three that are there."""
_NETWORKS = ("convnext1d_paper", "convnext1d")


@kit.report_asset(
    METRICS,
    group_name="geolocation_reports",
    ins={f"{name}_predictions": kit.ALL_PARTITIONS for name in FAMILIES},
    code_version="13",
    uses=["folds", "grid", "forest", "training"],
    checks={"all_baselines_present": "No fold shows a model without every baseline."},
)
def geolocation_report(
    settings: Settings,
    rruff: Rruff,
    fold_assignment: dict[str, pa.Table],
    labelled_spectra: dict[str, pa.Table],
    split_leakage: dict[str, pa.Table],
    convnext1d_model: dict[str, ModelState],
    **family_predictions: dict[str, pa.Table],
) -> kit.Result:
    """All families under all splits, per fold and per country, with the protocol.

    Predictions made under other folds or settings than the present ones are excluded and
    counted: no number is shown under a protocol that is not its own.
    """
    current, outdated = current_predictions(settings, labelled_spectra, family_predictions)
    if not current:
        raise kit.failure(
            "No fold has predictions of every baseline under the present folds and settings; "
            "train them with `make backfill` first."
        )
    leakage = {split: table.to_pandas() for split, table in split_leakage.items()}
    metrics = fold_metrics(current)
    frame = metrics.to_pandas()
    table, leaks = summary(frame), leakage_by_split(leakage)
    note = (
        f"profile {settings.title}, up to {frame['fold'].nunique()} of {N_FOLDS} folds, "
        f"n up to {table['n'].max():,} test spectra"
    )
    folds = next(iter(fold_assignment.values())).to_pandas()
    protocol = _protocol(settings, rruff, folds, frame, outdated)
    groups = country_groups(folds.loc[folds["fold"].notna(), "country"])
    present = frame.groupby(["split", "fold"])["family"].agg(set)
    siblings = _siblings(current, leakage)
    baselines = {name for name, family in FAMILIES.items() if family.baseline}
    return kit.Result(
        metrics,
        {"verdicts": verdicts(frame), "outdated_partitions": outdated},
        checks={"all_baselines_present": kit.Check(all(baselines <= f for f in present))},
        figures=_figures(table, frame, current, leaks, siblings, note),
        report=to_markdown(
            frame, table, leaks, siblings, _trials(current, convnext1d_model), groups, protocol
        ),
    )


def _siblings(current: Predictions, leakage: dict[str, pd.DataFrame]) -> dict[str, SiblingAccuracy]:
    random = {name: tables_of(current, name, "random") for name in SIBLINGS_SHOWN}
    shown = [name for name, tables in random.items() if tables][:3]
    return {
        TITLES[name]: SiblingAccuracy.of(pd.concat(random[name]), leakage["random"])
        for name in shown
    }


def _trials(current: Predictions, models: dict[str, ModelState]) -> pd.DataFrame:
    at = {key: partition_values(FOLD_SPLIT, key) for key in models}
    of_current = {
        (at[key]["split"], at[key]["fold"]): Calibration.of(model)
        for key, model in models.items()
        if ("convnext1d", at[key]["split"], at[key]["fold"]) in current
    }
    return trial_scores(of_current)


def _protocol(
    settings: Settings, rruff: Rruff, folds: pd.DataFrame, metrics: pd.DataFrame, outdated: int
) -> dict[str, str]:
    used = folds[folds["fold"].notna()]
    reasons = folds["excluded"].value_counts()
    incomplete = f"; {outdated} sets of predictions excluded (outdated, or without all baselines)"
    facts = {
        "profile": settings.title,
        "archives": "; ".join(rruff.published()),
        "spectra": f"{len(used):,} of {len(folds):,}, {used['rruff_id'].nunique():,} specimens, "
        f"{used['country'].nunique()} countries; kinds: {', '.join(settings.folds.kinds)}",
        "share of RRUFF": share_of_rruff(len(folds), folds["rruff_id"].nunique()),
        "excluded": ", ".join(f"{n:,} {reason}" for reason, n in reasons.items()) or "none",
        "grid": f"{settings.grid.points} points over the global window, "
        f"{settings.grid.interpolation}",
        "folds": f"{N_FOLDS}, seed {settings.folds.seed}; done: {_done(metrics)}"
        + (incomplete if outdated else ""),
        "model selection": "hyperparameters, calibration and conformal scores from an inner "
        "validation set, one fifth of the training set, grouped as the split groups; nothing from "
        "the test fold",
    }
    for family in FAMILIES.values():
        if family.preset:
            preset = settings.training.presets[family.preset]
            facts[family.title] = (
                f"{preset.steps:,} steps, batch {preset.batch_size}, learning rate "
                f"{preset.learning_rate:g}, weight decay {preset.weight_decay:g}, seed "
                f"{settings.training.seed} + fold"
            )
    return facts


def _done(metrics: pd.DataFrame) -> str:
    done = metrics.groupby(["split", "family"])["fold"].nunique()
    parts = []
    for split in SPLITS:
        counts = done[split] if split in done.index else pd.Series({"": 0})
        low, high = counts.min(), counts.max()
        parts.append(f"{split} {low if low == high else f'{low} to {high}'}/{N_FOLDS}")
    return ", ".join(parts)


def _figures(
    table: pd.DataFrame,
    metrics: pd.DataFrame,
    current: Predictions,
    leaks: pd.DataFrame,
    siblings: dict[str, SiblingAccuracy],
    note: str,
) -> "dict[str, Figure]":
    def pooled(split: str) -> dict[str, pd.DataFrame]:
        found = {name: tables_of(current, name, split) for name in SHOWN}
        return {name: pd.concat(tables) for name, tables in found.items() if tables}

    # The specimen split, where it was tested, is the case of a new specimen.
    split = "specimen" if "specimen" in set(metrics["split"]) else metrics["split"].iloc[0]
    by_title = {TITLES[name]: table for name, table in pooled(split).items()}
    figures = {
        "families_by_split": families_by_split(table, TITLES, note),
        "leakage": leakage_summary(leaks, decomposition(table), siblings, TITLES, note),
        "reliability": reliability_diagrams(by_title, split),
        "coverage": coverage_curves(by_title, split),
        "abstention": abstention_curves(by_title, split),
        "distance": distance_curves(by_title, split),
    }
    for name, chosen in itertools.product(_NETWORKS, ("random", "specimen")):
        if len(scores := country_scores(current, name, chosen)):
            rows = metrics[(metrics["family"] == name) & (metrics["split"] == chosen)]
            title = f"{TITLES[name]}, {chosen} split"
            figures[f"{name}_{chosen}"] = by_country_and_fold(scores, rows, title)
    return figures
