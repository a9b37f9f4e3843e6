"""All figures of the geolocation report."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from raman_pipeline.learning.data.leakage import accuracy_by_siblings
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import Predictions, country_scores, tables_of
from raman_pipeline.plots.geolocation import by_country_and_fold, families_by_split
from raman_pipeline.plots.leakage import leakage_summary
from raman_pipeline.plots.probabilities import (
    abstention_curves,
    coverage_curves,
    distance_curves,
    reliability_diagrams,
)

TITLES = {name: family.title for name, family in FAMILIES.items()}
SHOWN = (
    *("specimen_memorisation", "nearest_neighbour", "chemistry_trees", "convnext1d"),
    "chemistry_blend",
)
"""Families in figures that have no room for all."""


def report_figures(
    table: pd.DataFrame,
    metrics: pd.DataFrame,
    current: Predictions,
    leakage: Mapping[str, pd.DataFrame],
    leaks: pd.DataFrame,
    note: str,
) -> dict[str, Figure]:
    """Returns all figures, by name.

    Args:
        table: as `learning.geolocation.report.summary` returns it.
        metrics: a METRICS table.
        current: the predictions that it was computed from.
        leakage: split to LEAKAGE table.
        leaks: as `learning.data.leakage.leakage_by_split` returns it.
        note: protocol, printed in the titles.
    """
    figures = {"families_by_split": families_by_split(table, TITLES, note)}
    random = {
        name: accuracy_by_siblings(pd.concat(tables), leakage["random"])
        for name in SHOWN
        if "random" in leakage and (tables := tables_of(current, name, "random"))
    }
    figures["leakage"] = leakage_summary(leaks, table, random, TITLES, note)
    # The specimen split, where it was tested, is the case of a new specimen.
    split = "specimen" if "specimen" in set(metrics["split"]) else metrics["split"].iloc[0]
    pooled = {
        TITLES[name]: pd.concat(tables)
        for name in SHOWN
        if (tables := tables_of(current, name, split))
    }
    figures["reliability"] = reliability_diagrams(pooled, split)
    figures["coverage"] = coverage_curves(pooled, split)
    figures["abstention"] = abstention_curves(pooled, split)
    figures["distance"] = distance_curves(pooled, split)
    for name in ("convnext1d_paper", "convnext1d"):
        for chosen in ("random", "specimen"):
            scores = country_scores(current, name, chosen)
            if not len(scores):
                continue
            rows = metrics[(metrics["family"] == name) & (metrics["split"] == chosen)]
            figures[f"{name}_{chosen}"] = by_country_and_fold(
                scores, rows, f"{TITLES[name]}, {chosen} split"
            )
    return figures
