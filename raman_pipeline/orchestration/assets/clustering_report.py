"""Reports of clustering and denoising over presets and seeds."""

from collections.abc import Mapping
from functools import partial

import dagster as dg
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.clustering import report as clustering_text
from raman_pipeline.learning.clustering.benchmark import CLUSTERING_RUNS
from raman_pipeline.learning.clustering.sparavigna2025 import match_files
from raman_pipeline.learning.denoising import report as denoising_text
from raman_pipeline.learning.denoising.evaluation import DENOISING_RUNS
from raman_pipeline.orchestration.asset_kit import ALL_PARTITIONS, Result, report_asset
from raman_pipeline.orchestration.assets.denoising import CLUSTERING_USES
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.partitions import preset_and_seed
from raman_pipeline.orchestration.provenance import current_rows, provenance
from raman_pipeline.plots.clustering import scores_by_representation
from raman_pipeline.plots.denoising import error_by_noise
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_report = partial(
    report_asset, group_name="clustering_reports", code_version="3", uses=CLUSTERING_USES
)
_PRESET = Column("preset", pa.string(), "preset of the autoencoder")
DENOISING_REPORT = TableSchema(
    "denoising_report",
    (_PRESET, *DENOISING_RUNS.columns),
    ("preset", *DENOISING_RUNS.unique_together),
)
_NOTHING = (
    "No autoencoder was evaluated with the present settings and spectra; run `make cluster` first."
)


@_report(
    CLUSTERING_RUNS,
    ins={
        "spectra": ON_DISK,
        "clustering_runs": ALL_PARTITIONS,
        "clusters": ALL_PARTITIONS,
    },
)
def clustering_report(
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    clustering_runs: dict[str, pa.Table],
    clusters: dict[str, pa.Table],
) -> Result:
    """The clustering benchmark over seeds and tasks, and the files of the paper."""
    runs = _current_runs(settings, fine_spectra, clustering_runs)
    if runs.empty:
        raise dg.Failure(_NOTHING, allow_retries=False)
    table = clustering_text.summary(runs)
    members = spectra.select(["member_id", "member", "kind"]).to_pandas()
    files = match_files(members[members["kind"] == "Processed"])
    present = set(zip(runs["preset"], runs["seed"], strict=True))
    frames = {
        _title(key): found.to_pandas()
        for key, found in sorted(clusters.items())
        if preset_and_seed(key) in present
    }
    comparison = clustering_text.compare_with_paper(files, frames)
    protocol = _protocol(settings, runs)
    title = f"Agreement of clusters with minerals, profile {settings.title}"
    return Result(
        CLUSTERING_RUNS.from_frame(runs),
        {
            "conclusions": clustering_text.conclusions(table),
            "paper_files_found": int(files["member_id"].notna().sum()),
        },
        figures={"scores": scores_by_representation(table, title)},
        report=clustering_text.to_markdown(table, runs, comparison, files, protocol),
    )


@_report(
    DENOISING_REPORT,
    ins={"denoising_runs": ALL_PARTITIONS, "denoised_pairs": ALL_PARTITIONS},
)
def denoising_report(
    settings: dg.ResourceParam[Settings],
    fine_spectra: SpectrumTensor,
    denoising_runs: dict[str, pa.Table],
    denoised_pairs: dict[str, pa.Table],
) -> Result:
    """Autoencoders and classical smoothers on added noise and on measured pairs."""
    runs = _current_runs(settings, fine_spectra, denoising_runs)
    if runs.empty:
        raise dg.Failure(_NOTHING, allow_retries=False)
    table = denoising_text.summary(runs)
    pairs = denoising_text.pair_summary(_current_runs(settings, fine_spectra, denoised_pairs))
    title = f"profile {settings.title}, held-out specimens, means over seeds"
    return Result(
        DENOISING_REPORT.from_frame(runs),
        {
            "conclusions": denoising_text.conclusions(table),
            "seeds": runs["seed"].nunique(),
        },
        figures={
            f"errors_{preset}": error_by_noise(rows, f"{preset} preset, {title}")
            for preset, rows in runs.groupby("preset")
        },
        report=denoising_text.to_markdown(table, pairs, _protocol(settings, runs)),
    )


def _current_runs(
    settings: Settings, fine_spectra: SpectrumTensor, tables: Mapping[str, pa.Table]
) -> pd.DataFrame:
    """Returns the rows made with the present settings and spectra, with preset and seed."""
    return current_rows(
        tables,
        provenance(settings, CLUSTERING_USES, fine_spectra),
        lambda key: dict(zip(("preset", "seed"), preset_and_seed(key), strict=True)),
    )


def _title(key: str) -> str:
    preset, seed = preset_and_seed(key)
    return f"{preset} preset, seed {seed}"


def _protocol(settings: Settings, runs: pd.DataFrame) -> dict[str, object]:
    grid = settings.fine_grid
    seeds = runs.groupby("preset")["seed"].unique()
    return {
        "profile": settings.title,
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
