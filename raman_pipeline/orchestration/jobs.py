"""Jobs: one a partitions definition, so that the UI and backfills can launch them.

What belongs here: what runs together. What does not: when (see `schedules`,
`sensors`) and the order of a whole run (see `runner`).
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from raman_pipeline.learning.geolocation.registry import FAMILIES

INGEST_ASSETS = ("rruff_archive", "parsed_spectra", "refused_members")
DATASET_ASSETS = (
    "spectra",
    "member_changes",
    "cleaned_localities",
    "countries",
    "geocoded_localities",
    "paper_localities",
    "geocoder_answers",
    "located_localities",
    "located_specimens",
    "wavenumber_window",
    "resampled_spectra",
    "fine_spectra",
    "spectrum_covariates",
    "mineral_library",
    "georeferencing_report",
    "dataset_report",
)
FOLD_ASSETS = ("fold_assignment", "split_leakage")
TRAINING_ASSETS = (
    "augmented_training_set",
    *(f"{name}_{part}" for name in FAMILIES for part in ("model", "predictions")),
)
EXPERIMENT_ASSETS = ("paired_comparison", "input_ablation", "learning_curve", "duplicate_effect")
REPORT_ASSETS = ("geolocation_report",)
CLUSTERING_ASSETS = (
    "denoising_autoencoder",
    "denoising_runs",
    "denoised_pairs",
    "latent_vectors",
    "embedding_2d",
    "clusters",
    "clustering_runs",
)
CLUSTERING_REPORT_ASSETS = ("denoising_report", "clustering_report")
IDENTIFICATION_ASSETS = (
    "identified_spectra",
    "open_set_recognition",
    "mixture_evaluation",
    "identification_report",
)
SYNTHETIC_SET_ASSETS = ("universal_synthetic_set", "synthetic_runs")
EMBEDDING_ASSETS = ("spectrum_embedding", "embedding_runs")
SYNTHETIC_REPORT_ASSETS = ("synthetic_report",)


def _job(name: str, assets: tuple[str, ...], description: str) -> dg.UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*assets),
        description=description,
        # One process a run: steps are short, and parallelism lies between runs.
        executor_def=dg.in_process_executor,
    )


INGEST = _job("ingest", INGEST_ASSETS, "Fetch one archive if it changed, and parse it.")
DATASET = _job("dataset", DATASET_ASSETS, "Merge the archives; locate specimens; resample.")
FOLDS = _job("folds", FOLD_ASSETS, "Assign every spectrum to a fold under one split.")
TRAINING = _job("training", TRAINING_ASSETS, "Fit and test every family on one fold and split.")
EXPERIMENTS = _job("experiments", EXPERIMENT_ASSETS, "Compare, ablate and scale over many fits.")
REPORT = _job("report", REPORT_ASSETS, "Compare all families over the folds done so far.")
CLUSTERING = _job("clustering", CLUSTERING_ASSETS, "Train, judge and cluster: a preset, a seed.")
CLUSTERING_REPORT = _job(
    "clustering_reports", CLUSTERING_REPORT_ASSETS, "Compare denoisers and clusterings."
)

IDENTIFICATION = _job(
    "identification", IDENTIFICATION_ASSETS, "Judge the mineral library on specimens left out."
)
SYNTHETIC = _job(
    "synthetic", SYNTHETIC_SET_ASSETS, "Make a synthetic set; ask baselines and peak models."
)
EMBEDDING = _job("embedding", EMBEDDING_ASSETS, "Train and ask the paper's network: seed, task.")
SYNTHETIC_REPORT = _job(
    "synthetic_reports", SYNTHETIC_REPORT_ASSETS, "Compare all methods on the synthetic tasks."
)

JOBS = [
    INGEST,
    DATASET,
    FOLDS,
    TRAINING,
    EXPERIMENTS,
    REPORT,
    CLUSTERING,
    CLUSTERING_REPORT,
    IDENTIFICATION,
    SYNTHETIC,
    EMBEDDING,
    SYNTHETIC_REPORT,
]


def request_archive(archive: str, run_key: str) -> dg.RunRequest:
    """Requests a conditional fetch of one archive, and nothing after it.

    What follows is for `follow_up` to say: it looks at whether the bytes changed.
    """
    return dg.RunRequest(
        run_key=run_key,
        partition_key=archive,
        asset_selection=[dg.AssetKey("rruff_archive")],
    )


ASSETS_OF: dict[str, tuple[str, ...]] = {
    "ingest": INGEST_ASSETS,
    "dataset": DATASET_ASSETS,
    "folds": FOLD_ASSETS,
    "training": TRAINING_ASSETS,
    "experiments": EXPERIMENT_ASSETS,
    "report": REPORT_ASSETS,
    "clustering": CLUSTERING_ASSETS,
    "clustering_reports": CLUSTERING_REPORT_ASSETS,
    "identification": IDENTIFICATION_ASSETS,
    "synthetic": SYNTHETIC_SET_ASSETS,
    "embedding": EMBEDDING_ASSETS,
    "synthetic_reports": SYNTHETIC_REPORT_ASSETS,
}


def assets_of_families(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the assets of the training job that belong to some families.

    Raises:
        ValueError: a family does not exist.
    """
    chosen = list(names)
    if unknown := sorted(set(chosen) - set(FAMILIES)):
        raise ValueError(f"no family {', '.join(unknown)}; they are {', '.join(FAMILIES)}")
    return tuple(f"{name}_{part}" for name in chosen for part in ("model", "predictions"))
