"""Jobs: each runs one or more asset groups that share a partitions definition."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.geolocation.registry import FAMILIES

GROUPS: dict[str, tuple[str, ...]] = {
    "ingest": ("archives",),
    "dataset": ("spectra", "localities"),
    "folds": ("folds",),
    "features": ("features",),
    "labelled": ("labelled",),
    "library": ("library",),
    "dataset_reports": ("dataset_reports",),
    "training": ("geolocation",),
    "experiments": ("experiments",),
    "geolocation_reports": ("geolocation_reports",),
    "clustering": ("clustering",),
    "clustering_reports": ("clustering_reports",),
    "identification": ("identification",),
    "synthetic": ("synthetic",),
    "embedding": ("embedding",),
    "synthetic_reports": ("synthetic_reports",),
    "index": ("index",),
}
"""Job to asset groups, in the order of the graph."""

_DESCRIPTIONS = {
    "ingest": "Fetch one archive if it changed, and parse it.",
    "dataset": "Merge the archives; locate specimens.",
    "folds": "Assign every spectrum to a fold under one split.",
    "features": "Resample spectra; state what else is known of each.",
    "labelled": "Collect what models see of one split; measure leakage between its folds.",
    "library": "Build the mineral library.",
    "dataset_reports": "Describe the dataset; compare the georeferencing with the paper's.",
    "training": "Fit and evaluate every family on one fold and split.",
    "experiments": "Comparison, ablation, learning curve and duplicate effect over many fits.",
    "geolocation_reports": "Compare all families over the finished folds.",
    "clustering": "Train and evaluate one autoencoder and cluster its latents: preset, seed.",
    "clustering_reports": "Compare denoisers and clusterings over the finished seeds.",
    "identification": "Evaluate the mineral library with specimens left out.",
    "synthetic": "Make a synthetic set; evaluate baselines and peak models.",
    "embedding": "Train and evaluate the paper's network: seed, task.",
    "synthetic_reports": "Compare all methods on the synthetic tasks.",
    "index": "Write the page that leads to all reports, tables, figures and maps.",
}

JOBS = [
    dg.define_asset_job(
        name,
        selection=dg.AssetSelection.groups(*groups),
        description=_DESCRIPTIONS[name],
        # One process per run: steps are short, and runs are parallel.
        executor_def=dg.in_process_executor,
    )
    for name, groups in GROUPS.items()
]
INGEST = JOBS[0]


def assets_of(definitions: dg.Definitions, job: str) -> tuple[str, ...]:
    """Returns the names of the assets of a job; empty where there is no such job."""
    return tuple(
        spec.key.to_user_string()
        for spec in definitions.resolve_all_asset_specs()
        if spec.group_name in GROUPS.get(job, ())
    )


def assets_of_families(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the assets of the training job that belong to some families.

    Raises:
        InputError: a family does not exist.
    """
    chosen = list(names)
    if unknown := sorted(set(chosen) - set(FAMILIES)):
        raise InputError(f"no family {', '.join(unknown)}; they are {', '.join(FAMILIES)}")
    return tuple(f"{name}_{part}" for name in chosen for part in ("model", "predictions"))


def request_archive(archive: str, run_key: str) -> dg.RunRequest:
    """Returns a request for a conditional fetch of one archive alone.

    The sensor `follow_up` requests the rest, if the content of the archive changed.
    """
    return dg.RunRequest(
        run_key=run_key,
        partition_key=archive,
        asset_selection=[dg.AssetKey("rruff_archive")],
    )
