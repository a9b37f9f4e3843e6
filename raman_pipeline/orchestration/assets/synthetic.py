"""Stage 11: the universal synthetic sets, the paper's network, and what beats it."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.synthetic_tasks import report as text
from raman_pipeline.learning.synthetic_tasks.embedding import Embedding, fit_embedding
from raman_pipeline.learning.synthetic_tasks.names import TASKS, TITLES
from raman_pipeline.learning.synthetic_tasks.pair_distances import pair_distances
from raman_pipeline.learning.synthetic_tasks.tasks import (
    RUNS,
    embedding_rows,
    gallery_rows,
    paper_preset,
    task_data,
    untrained_rows,
)
from raman_pipeline.learning.training.loop import EpochReport
from raman_pipeline.orchestration.metadata import (
    MODEL,
    OWNERS,
    TABLE,
    arrays_version,
    blocking_check,
    check_result,
    figure_metadata,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.partitions import SYNTHETIC_SEED, TASK_SEED, seed_and_task
from raman_pipeline.orchestration.progress import Progress, publish
from raman_pipeline.orchestration.provenance import stamp_of, stamped_with
from raman_pipeline.plots.synthetic import accuracies, distances
from raman_pipeline.settings import Settings
from raman_pipeline.universal_synthetic.classes import challenge_classes, universal_classes
from raman_pipeline.universal_synthetic.dataset import Labelled, open_set, peaks_of, write_set
from raman_pipeline.universal_synthetic.variation import Part, SetName

_NAMES: tuple[SetName, ...] = ("universal", "challenge")
_USED = ["synthetic"]
_COMMON: dict[str, Any] = {
    "group_name": "synthetic",
    "owners": OWNERS,
    "code_version": "2",
    "metadata": {"settings_used": _USED},
}
_ALL = dg.AssetIn(metadata={"allow_missing_partitions": True})
SETS = TableSchema(
    "universal_synthetic_set",
    (
        Column("set", pa.string(), "universal or challenge", isin=_NAMES),
        Column("part", pa.string(), "training, validation or test"),
        Column("classes", pa.int64(), "classes"),
        Column("spectra", pa.int64(), "spectra of 5,000 points"),
        Column("sha256", pa.string(), "of the peaks that the spectra are made of"),
        Column("folder", pa.string(), "below the store"),
    ),
    ("set", "part"),
)
REPORT = TableSchema(
    "synthetic_report",
    (Column("seed", pa.int64(), "of data and training"), *RUNS.columns),
    ("seed", *RUNS.unique_together),
)


@dg.asset(
    **_COMMON,
    partitions_def=SYNTHETIC_SEED,
    dagster_type=TABLE,
    kinds={"numpy", "parquet"},
    check_specs=[
        schema_check("universal_synthetic_set"),
        blocking_check("universal_synthetic_set", "complete", "Each class has all its spectra."),
    ],
)
def universal_synthetic_set(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult:
    """The 500-class set of Schuetzke et al. (2023) and its challenge set, to be memory-mapped."""
    seed = int(context.partition_key)
    rows: list[dict[str, Any]] = []
    for name, classes in zip(_NAMES, (universal_classes(), challenge_classes()), strict=True):
        folder = _folder(settings, seed, name)
        variation = settings.synthetic.variation_seed + seed
        counts = write_set(folder, name, variation)
        for part, peaks in peaks_of(name, variation).items():
            arrays = {"positions": peaks.positions, "heights": peaks.heights}
            arrays |= {"offsets": peaks.offsets, "sigmas": peaks.sigmas, "label": peaks.label}
            rows.append(
                {
                    "set": name,
                    "part": part,
                    "classes": len(classes),
                    "spectra": counts[part],
                    "sha256": arrays_version(arrays),
                    "folder": str(folder.relative_to(settings.store)),
                }
            )
    complete = all(r["spectra"] % r["classes"] == 0 for r in rows)
    return table_result(
        "universal_synthetic_set",
        SETS.from_rows(rows),
        SETS,
        settings.part(_USED),
        [check_result("universal_synthetic_set", "complete", complete)],
    )


@dg.asset(
    **_COMMON,
    partitions_def=SYNTHETIC_SEED,
    dagster_type=TABLE,
    kinds={"parquet", "scikitlearn"},
    check_specs=[schema_check("synthetic_runs")],
)
def synthetic_runs(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    universal_synthetic_set: pa.Table,
) -> dg.MaterializeResult:
    """What nothing trained answers, and what peak models do, in every task."""
    seed = int(context.partition_key)
    sets = _opened(settings, seed)
    rows = []
    for number, task in enumerate(TASKS):
        rows += list(untrained_rows(task, task_data(task, sets, seed), seed))
        publish(Progress(f"synthetic_runs {seed}", number + 1, len(TASKS) + 1, task))
    rows += list(gallery_rows(sets, seed))
    publish(Progress(f"synthetic_runs {seed}", len(TASKS) + 1, len(TASKS) + 1, "galleries"))
    table = stamped_with(RUNS.from_rows(rows), settings.version_of(_USED))
    return table_result("synthetic_runs", table, RUNS, settings.part(_USED), seed=seed)


@dg.asset(
    **{**_COMMON, "code_version": "3"},
    partitions_def=TASK_SEED,
    dagster_type=MODEL,
    io_manager_key="model_io_manager",
    kinds={"pytorch", "safetensors"},
    deps=[universal_synthetic_set],
)
def spectrum_embedding(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult:
    """The network of Vorozhtsov & Kitina (2024), trained for one task with random triplets."""
    seed, task = seed_and_task(context.partition_key)
    data = task_data(task, _opened(settings, seed), seed)

    def log(report: EpochReport) -> None:
        note = f"loss {report.loss:.3f}, {report.value:.0%} of the triplets count"
        context.log.info(
            f"{task}, seed {seed}, epoch {report.epoch} of {report.epochs}: {note}, "
            f"{report.seconds:.1f} s"
        )
        step = f"spectrum_embedding {context.partition_key}"
        publish(Progress(step, report.epoch, report.epochs, note))

    state = fit_embedding(
        data.learned,
        paper_preset(task, settings.synthetic.embedding),
        seed,
        task == "mixtures",
        _checkpoint(settings, seed, task),
        log,
    )
    return dg.MaterializeResult(
        value=state,
        data_version=dg.DataVersion(arrays_version(state.arrays, str(state.metadata))),
        metadata={
            "dagster/row_count": len(data.learned),
            "settings": settings.part(_USED),
            "task": task,
            "seed": seed,
            "final_loss": state.metadata["final_loss"],
        },
    )


@dg.asset(
    **_COMMON,
    partitions_def=TASK_SEED,
    dagster_type=TABLE,
    kinds={"parquet", "scikitlearn"},
    check_specs=[schema_check("embedding_runs")],
)
def embedding_runs(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    spectrum_embedding: ModelState,
) -> dg.MaterializeResult:
    """What the trained network answers, and how far apart its pairs lie (Figure 1)."""
    seed, task = seed_and_task(context.partition_key)
    # The model is stored by now, so the state to resume its training is not needed.
    _checkpoint(settings, seed, task).unlink(missing_ok=True)
    data, embed = task_data(task, _opened(settings, seed), seed), Embedding(spectrum_embedding)
    table = RUNS.from_rows(embedding_rows(task, data, embed, seed))
    same, other = pair_distances(embed(data.test.spectra), data.test.label, seed)
    title = f"{TITLES[task]}, test spectra, seed {seed}"
    return table_result(
        "embedding_runs",
        stamped_with(table, settings.version_of(_USED)),
        RUNS,
        settings.part(_USED),
        [],
        seed=seed,
        median_distance_same=float(np.median(same)),
        median_distance_other=float(np.median(other)),
        **figure_metadata(
            settings,
            f"embedding_runs/{seed}_{task}",
            pair_distances=distances(same, other, title),
        ),
    )


@dg.asset(
    **_COMMON,
    ins={"synthetic_runs": _ALL, "embedding_runs": _ALL},
    dagster_type=TABLE,
    kinds={"parquet", "markdown"},
    check_specs=[schema_check("synthetic_report")],
)
def synthetic_report(
    settings: dg.ResourceParam[Settings],
    synthetic_runs: dict[str, pa.Table],
    embedding_runs: dict[str, pa.Table],
) -> dg.MaterializeResult:
    """All methods in every task, beside what the papers print."""
    seeds = {key: int(key) for key in synthetic_runs}
    seeds |= {key: seed_and_task(key)[0] for key in embedding_runs}
    expected = settings.version_of(_USED)
    parts = [
        table.to_pandas().assign(seed=seeds[key])
        for key, table in sorted((synthetic_runs | embedding_runs).items())
        if stamp_of(table) == expected
    ]
    if not parts:
        raise dg.Failure(
            "No synthetic task was run under the present settings; run `make synthetic` first.",
            allow_retries=False,
        )
    runs = pd.concat(parts, ignore_index=True)
    table = text.summary(runs)
    written = text.to_markdown(table, _protocol(settings))
    path = settings.figure_store / "synthetic_report" / "report.md"
    atomic.write_text(path, written)
    return table_result(
        "synthetic_report",
        REPORT.from_frame(runs),
        REPORT,
        settings.part(_USED),
        [],
        report=dg.MetadataValue.md(written),
        report_file=dg.MetadataValue.path(path),
        verdicts=text.verdicts(table),
        **figure_metadata(settings, "synthetic_report", accuracies=accuracies(table)),
    )


def _opened(settings: Settings, seed: int) -> dict[SetName, dict[Part, Labelled]]:
    return {name: open_set(_folder(settings, seed, name)) for name in _NAMES}


def _folder(settings: Settings, seed: int, name: SetName) -> Path:
    return settings.synthetic_store / str(seed) / name


def _checkpoint(settings: Settings, seed: int, task: str) -> Path:
    return settings.checkpoint_store / "spectrum_embedding" / f"{seed}_{task}.pt"


def _protocol(settings: Settings) -> dict[str, object]:
    first = settings.synthetic.variation_seed
    return {
        "data": "universal synthetic spectra (Schuetzke et al. 2023): 500 classes with 50 "
        "training, 10 validation and 9 test spectra each; challenge 27 with 50, 10 and 6; "
        "noise-free",
        "seeds": f"training and validation are drawn anew for each seed ({first} + seed), as are "
        "weights, triplets, noise and mixtures; the test spectra of the clean tasks are fixed",
        "paper's network": "its CNN, its triplets with a cut of 0.3, AdamW with steps; k of k-NN "
        "and smoothings chosen on the validation; but for mixtures, anchors, positives and "
        "negatives are normalised in one batch",
        "noisy": "white noise of 0.02, a background of up to 1.0, cosmic rays; ours, not the "
        "benchmark's",
        "mixtures": "900 of each size, of classes 0 to 99, all components equally strong; the "
        "network learned from classes 100 to 499",
        "unseen classes, mixtures": "20 training spectra a class, as in the authors' code; 50 in "
        "the random galleries",
        "peak models": "learned from the same training spectra; chosen with clean test spectra in "
        "sight",
    }
