"""Reports of clustering and denoising over presets and seeds."""

from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from raman_pipeline.common import atomic
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.clustering import report as clustering_text
from raman_pipeline.learning.clustering.benchmark import CLUSTERING_RUNS, SUPERVISED
from raman_pipeline.learning.clustering.sparavigna2025 import match_files
from raman_pipeline.learning.denoising import report as denoising_text
from raman_pipeline.learning.denoising.evaluation import DENOISING_RUNS
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    figure_metadata,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.partitions import preset_and_seed
from raman_pipeline.orchestration.provenance import current_runs
from raman_pipeline.plots.clustering import scores_by_representation
from raman_pipeline.plots.denoising import error_by_noise
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_USED = ["fine_grid", "denoising", "clustering"]
_ALL = dg.AssetIn(metadata={"allow_missing_partitions": True})
_COMMON: dict[str, Any] = {
    "group_name": "clustering",
    "owners": OWNERS,
    "dagster_type": TABLE,
    "kinds": {"parquet", "markdown"},
    "code_version": "2",
    "metadata": {"settings_used": _USED},
}
_PRESET = Column("preset", pa.string(), "preset of the autoencoder")
DENOISING_REPORT = TableSchema(
    "denoising_report",
    (_PRESET, *DENOISING_RUNS.columns),
    ("preset", *DENOISING_RUNS.unique_together),
)
_NOTHING = (
    "No autoencoder was evaluated with the present settings and spectra; run `make cluster` first."
)


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK, "clustering_runs": _ALL, "clusters": _ALL},
    check_specs=[schema_check("clustering_report")],
)
def clustering_report(
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    clustering_runs: dict[str, pa.Table],
    clusters: dict[str, pa.Table],
) -> dg.MaterializeResult:
    """The clustering benchmark over seeds and tasks, and the files of the paper."""
    runs = current_runs(settings, fine_spectra, clustering_runs)
    if runs.empty:
        raise dg.Failure(_NOTHING, allow_retries=False)
    table = clustering_text.summary(runs)
    columns = ["member_id", "member", "kind"]
    members = spectra.select(columns).to_pandas()
    files = match_files(members[members["kind"] == "Processed"])
    present = set(zip(runs["preset"], runs["seed"], strict=True))
    frames = {
        _title(key): found.to_pandas()
        for key, found in sorted(clusters.items())
        if preset_and_seed(key) in present
    }
    comparison = clustering_text.compare_with_paper(files, frames)
    text = clustering_text.to_markdown(table, runs, comparison, files, _protocol(settings, runs))
    path = settings.figure_store / "clustering_report" / "report.md"
    atomic.write_text(path, text)
    return table_result(
        "clustering_report",
        CLUSTERING_RUNS.from_frame(runs),
        CLUSTERING_RUNS,
        settings.part(_USED),
        [],
        report=dg.MetadataValue.md(text),
        report_file=dg.MetadataValue.path(path),
        conclusions=clustering_text.conclusions(table),
        paper_files_found=int(files["member_id"].notna().sum()),
        **figure_metadata(settings, "clustering_report", scores=_scores_figure(settings, table)),
    )


@dg.asset(
    **_COMMON,
    ins={"denoising_runs": _ALL, "denoised_pairs": _ALL},
    check_specs=[schema_check("denoising_report")],
)
def denoising_report(
    settings: dg.ResourceParam[Settings],
    fine_spectra: SpectrumTensor,
    denoising_runs: dict[str, pa.Table],
    denoised_pairs: dict[str, pa.Table],
) -> dg.MaterializeResult:
    """Autoencoders and classical smoothers on added noise and on measured pairs."""
    runs = current_runs(settings, fine_spectra, denoising_runs)
    if runs.empty:
        raise dg.Failure(_NOTHING, allow_retries=False)
    table = denoising_text.summary(runs)
    pairs = denoising_text.pair_summary(current_runs(settings, fine_spectra, denoised_pairs))
    protocol = _protocol(settings, runs)
    text = denoising_text.to_markdown(table, pairs, protocol)
    path = settings.figure_store / "denoising_report" / "report.md"
    atomic.write_text(path, text)
    title = (
        f"{settings.profile} profile{_simulated(settings)}, held-out specimens, means over seeds"
    )
    figures = {
        f"errors_{preset}": error_by_noise(rows, f"{preset} preset, {title}")
        for preset, rows in runs.groupby("preset")
    }
    return table_result(
        "denoising_report",
        DENOISING_REPORT.from_frame(runs),
        DENOISING_REPORT,
        settings.part(_USED),
        [],
        report=dg.MetadataValue.md(text),
        report_file=dg.MetadataValue.path(path),
        conclusions=denoising_text.conclusions(table),
        seeds=runs["seed"].nunique(),
        **figure_metadata(settings, "denoising_report", **figures),
    )


def _title(key: str) -> str:
    preset, seed = preset_and_seed(key)
    return f"{preset} preset, seed {seed}"


def _simulated(settings: Settings) -> str:
    return " (simulated spectra)" if settings.profile == "sample" else ""


def _protocol(settings: Settings, runs: pd.DataFrame) -> dict[str, object]:
    grid = settings.fine_grid
    seeds = runs.groupby("preset")["seed"].unique()
    return {
        "profile": f"{settings.profile}{_simulated(settings)}",
        "grid": f"{grid.start_cm1:g} to {grid.start_cm1 + grid.step_cm1 * (grid.points - 1):g} "
        f"cm⁻¹, {grid.points:,} points, min-max normalised, processed spectra only",
        "autoencoders": ", ".join(
            f"{preset} (seeds {', '.join(map(str, sorted(found)))})"
            for preset, found in seeds.items()
        ),
        "held-out specimens": "half of the specimens of each mineral of the hard set and a tenth "
        "of all others, drawn per seed; the default preset is not trained on them",
        "hard set": ", ".join(settings.clustering.hard_minerals),
    }


def _scores_figure(settings: Settings, table: pd.DataFrame) -> Figure:
    tasks = {}
    for (preset, task), rows in table.groupby(["preset", "task"], sort=False):
        shown = rows.assign(
            name=[f"{r.representation}, {r.clustering}, k: {r.k_from}" for r in rows.itertuples()],
            supervised=rows["clustering"] == SUPERVISED,
        )
        tasks[f"{task}\n{preset} preset"] = shown.rename(
            columns={"ari_mean": "ari", "ari_sd": "sd"}
        )[["name", "ari", "sd", "from_autoencoder", "supervised"]].fillna({"sd": 0.0})
    title = f"Agreement of clusters with minerals, {settings.profile} profile{_simulated(settings)}"
    return scores_by_representation(tasks, title)
