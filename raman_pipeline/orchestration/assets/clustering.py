"""Latents of the clustered spectra, their t-SNE embedding, clusters, and a benchmark."""

from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.clustering.benchmark import CLUSTERING_RUNS, run_task
from raman_pipeline.learning.clustering.clusters import (
    CLUSTERS,
    EMBEDDING_2D,
    file_lists,
    k_means,
    tsne,
)
from raman_pipeline.learning.clustering.pseudo_spectra import pseudo_spectra
from raman_pipeline.learning.clustering.scores import scores
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.denoising.autoencoder import Autoencoder
from raman_pipeline.orchestration.assets.denoising import (
    spectra_to_cluster,
    split_corpus,
)
from raman_pipeline.orchestration.io_managers import ON_DISK
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
from raman_pipeline.orchestration.partitions import PRESET_SEED, preset_and_seed
from raman_pipeline.orchestration.provenance import stamped
from raman_pipeline.plots.clustering import embedding, embedding_page, pseudo_spectrum
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

THREE, HARD, HELD_OUT = "the paper's minerals", "hard set", "hard set, held-out specimens"

_COMMON: dict[str, Any] = {
    "group_name": "clustering",
    "owners": OWNERS,
    "partitions_def": PRESET_SEED,
}
_USED = ["fine_grid", "denoising", "clustering"]


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK},
    dagster_type=MODEL,
    io_manager_key="model_io_manager",
    kinds={"pytorch", "safetensors"},
    code_version="2",
    metadata={"settings_used": _USED},
    check_specs=[
        blocking_check(
            "latent_vectors",
            "complete_and_finite",
            "One finite latent for each spectrum, in order.",
        )
    ],
)
def latent_vectors(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    denoising_autoencoder: ModelState,
) -> dg.MaterializeResult:
    """Latents of the spectra to cluster, augmented ones last: float32 [n, latent]."""
    _, seed = preset_and_seed(context.partition_key)
    corpus = split_corpus(settings, spectra, fine_spectra, seed).spectra
    chosen = spectra_to_cluster(corpus, settings, seed)
    latents = Autoencoder(denoising_autoencoder).encode(chosen.intensity)
    state = ModelState(
        {"latent": latents, "intensity": chosen.intensity, "grid": chosen.grid},
        {"rows": chosen.metadata.to_dict("records"), "seed": seed},
    )
    return dg.MaterializeResult(
        value=state,
        data_version=dg.DataVersion(arrays_version(state.arrays, str(state.metadata))),
        metadata={
            "dagster/row_count": len(chosen),
            "measured": int((~chosen.metadata["augmented"]).sum()),
            "augmented": int(chosen.metadata["augmented"].sum()),
            "latent_size": latents.shape[1],
            "settings": settings.part(_USED),
        },
        check_results=[
            check_result(
                "latent_vectors",
                "complete_and_finite",
                len(latents) == len(chosen) and bool(np.isfinite(latents).all()),
            )
        ],
    )


@dg.asset(
    **_COMMON,
    dagster_type=TABLE,
    kinds={"parquet", "scikitlearn"},
    code_version="2",
    check_specs=[schema_check("embedding_2d")],
)
def embedding_2d(
    context: dg.AssetExecutionContext, latent_vectors: ModelState
) -> dg.MaterializeResult:
    """The t-SNE embedding of the latents in two dimensions."""
    _, seed = preset_and_seed(context.partition_key)
    rows = pd.DataFrame(latent_vectors.metadata["rows"]).drop(columns="member")
    points = tsne(latent_vectors.arrays["latent"], seed)
    table = EMBEDDING_2D.from_frame(rows.assign(x=points[:, 0], y=points[:, 1]))
    return table_result("embedding_2d", table, EMBEDDING_2D, {}, seed=seed)


@dg.asset(
    **_COMMON,
    dagster_type=TABLE,
    kinds={"parquet", "scikitlearn", "plotly"},
    code_version="2",
    metadata={"settings_used": ["clustering"]},
    check_specs=[
        schema_check("clusters"),
        blocking_check(
            "clusters", "every_file_once", "Every spectrum is in exactly one file list."
        ),
    ],
)
def clusters(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    embedding_2d: pa.Table,
    latent_vectors: ModelState,
    denoising_autoencoder: ModelState,
) -> dg.MaterializeResult:
    """K-Means on the t-SNE embedding, as in the paper: file lists, figures, pseudo-spectra."""
    name, seed = preset_and_seed(context.partition_key)
    frame = embedding_2d.to_pandas()
    points = frame[["x", "y"]].to_numpy()
    frame = frame.assign(cluster=k_means(points, settings.clustering.clusters, seed))
    lists = file_lists(frame)
    place = f"clusters/{name}_{seed}"
    folder = settings.figure_store / place
    for former in folder.glob("cluster_*.txt"):
        former.unlink()
    for file, text in lists.items():
        atomic.write_text(folder / file, text)
    title = f"{name} preset, seed {seed}, {settings.profile} profile, n = {len(frame)}"
    page = embedding_page(frame, title).to_html(include_plotlyjs=True, full_html=True)
    atomic.write_text(folder / "embedding.html", page)
    arrays = latent_vectors.arrays
    decode = Autoencoder(denoising_autoencoder).decode
    shown = pseudo_spectra(frame, arrays["intensity"], arrays["latent"], decode)
    figures = {
        f"pseudo_spectrum_{c.cluster}": pseudo_spectrum(arrays["grid"], c, title) for c in shown
    }
    measured = frame[~frame["augmented"]]
    found = scores(measured["mineral"], measured["cluster"], measured[["x", "y"]].to_numpy())
    listed = sum(text.count("\n") for text in lists.values())
    return table_result(
        "clusters",
        CLUSTERS.from_frame(frame),
        CLUSTERS,
        settings.part(["clustering"]),
        [check_result("clusters", "every_file_once", listed == len(frame), listed=listed)],
        seed=seed,
        preset=name,
        **found,
        page=dg.MetadataValue.path(folder / "embedding.html"),
        lists=dg.MetadataValue.path(folder),
        **figure_metadata(settings, place, embedding=embedding(frame, title), **figures),
    )


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK},
    dagster_type=TABLE,
    kinds={"parquet", "scikitlearn"},
    code_version="2",
    metadata={"settings_used": _USED},
    check_specs=[schema_check("clustering_runs")],
)
def clustering_runs(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    denoising_autoencoder: ModelState,
) -> dg.MaterializeResult:
    """Clustering benchmark: representations from the autoencoder and without it, three tasks."""
    name, seed = preset_and_seed(context.partition_key)
    corpus = split_corpus(settings, spectra, fine_spectra, seed)
    hard = settings.clustering.hard_minerals
    tasks = {THREE: corpus.spectra.of_minerals(settings.clustering.minerals)}
    if not settings.denoising.presets[name].train_on_clustered:
        tasks[HARD] = corpus.spectra.of_minerals(hard)
        tasks[HELD_OUT] = corpus.held_out.of_minerals(hard)
    reference = {HELD_OUT: corpus.training.of_minerals(hard)}
    representations = Autoencoder(denoising_autoencoder).representations
    table = CLUSTERING_RUNS.from_rows(
        row
        for task, chosen in tasks.items()
        for row in run_task(
            task, name, seed, chosen, representations(chosen.intensity), reference.get(task)
        )
    )
    stamp = stamped(table, settings, fine_spectra)
    return table_result("clustering_runs", stamp, CLUSTERING_RUNS, settings.part(_USED), seed=seed)
