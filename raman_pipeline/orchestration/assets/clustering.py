"""Latents of the clustered spectra, their t-SNE embedding, clusters, and a benchmark."""

from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.clustering import report as text
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
from raman_pipeline.learning.clustering.sparavigna2025 import match_files
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.denoising.presets import AutoencoderName
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.assets.denoising import (
    CLUSTERING_USES,
    SeedCorpus,
    autoencoder_asset,
    clustering_protocol,
    clustering_report_asset,
    current_runs,
    open_autoencoder,
    spectra_to_cluster,
)
from raman_pipeline.orchestration.partitions import PRESET_SEED, partition_values
from raman_pipeline.plots.clustering import (
    embedding,
    embedding_page,
    pseudo_spectrum,
    scores_by_representation,
)
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

THREE, HARD, HELD_OUT = "the paper's minerals", "hard set", "hard set, held-out specimens"

_table = partial(
    kit.table_asset, group_name="clustering", partitions_def=PRESET_SEED, kinds={"scikitlearn"}
)


@autoencoder_asset(
    code_version="2",
    checks={"complete_and_finite": "One finite latent per spectrum, in order."},
)
def latent_vectors(
    seed: int, settings: Settings, corpus: SeedCorpus, denoising_autoencoder: ModelState
) -> kit.Result:
    """Latents of the spectra to cluster, augmented ones last: float32 [n, latent]."""
    chosen = spectra_to_cluster(corpus.spectra, settings, seed)
    latents = open_autoencoder(denoising_autoencoder).encode(chosen.intensity)
    state = ModelState(
        {"latent": latents, "intensity": chosen.intensity, "grid": chosen.grid},
        {"rows": chosen.metadata.to_dict("records"), "seed": seed},
    )
    complete = len(latents) == len(chosen)
    augmented = int(chosen.metadata["augmented"].sum())
    return kit.Result(
        state,
        {
            "dagster/row_count": len(chosen),
            "measured": len(chosen) - augmented,
            "augmented": augmented,
            "latent_size": latents.shape[1],
        },
        checks={"complete_and_finite": kit.Check(complete and np.isfinite(latents).all())},
    )


@_table(EMBEDDING_2D, code_version="2")
def embedding_2d(seed: int, latent_vectors: ModelState) -> kit.Result:
    """The t-SNE embedding of the latents in two dimensions."""
    rows = pd.DataFrame(latent_vectors.metadata["rows"]).drop(columns="member")
    points = tsne(latent_vectors.arrays["latent"], seed)
    table = EMBEDDING_2D.from_frame(rows.assign(x=points[:, 0], y=points[:, 1]))
    return kit.Result(table, {"seed": seed})


@_table(
    CLUSTERS,
    kinds={"scikitlearn", "plotly"},
    code_version="3",
    uses=["clustering"],
    checks={"every_file_once": "Every spectrum is in exactly one file list."},
)
def clusters(
    preset: AutoencoderName,
    seed: int,
    settings: Settings,
    embedding_2d: pa.Table,
    latent_vectors: ModelState,
    denoising_autoencoder: ModelState,
) -> kit.Result:
    """K-Means on the t-SNE embedding, as in the paper: file lists, figures, pseudo-spectra."""
    frame = embedding_2d.to_pandas()
    points = frame[["x", "y"]].to_numpy()
    frame = frame.assign(cluster=k_means(points, settings.clustering.clusters, seed))
    lists = file_lists(frame)
    title = f"{preset} preset, seed {seed}, profile {settings.title}, n = {len(frame)}"
    page = embedding_page(frame, title).to_html(div_id="embedding")
    arrays = latent_vectors.arrays
    decode = open_autoencoder(denoising_autoencoder).decode
    shown = pseudo_spectra(frame, arrays["intensity"], arrays["latent"], decode)
    drawn = {c.cluster: pseudo_spectrum(arrays["grid"], c, title) for c in shown}
    measured = frame[~frame["augmented"]]
    found = scores(measured["mineral"], measured["cluster"], measured[["x", "y"]].to_numpy())
    listed = sum(names.count("\n") for names in lists.values())
    return kit.Result(
        CLUSTERS.from_frame(frame),
        {"seed": seed, "preset": preset, **found},
        checks={"every_file_once": kit.Check.equal(spectra=len(frame), listed=listed)},
        figures={
            "embedding": embedding(frame, title),
            **{f"pseudo_spectrum_{cluster}": figure for cluster, figure in drawn.items()},
        },
        files={**lists, "embedding.html": page},
    )


@_table(CLUSTERING_RUNS, code_version="3", uses=CLUSTERING_USES, provenance_inputs=["fine_spectra"])
def clustering_runs(
    preset: AutoencoderName,
    seed: int,
    settings: Settings,
    corpus: SeedCorpus,
    denoising_autoencoder: ModelState,
) -> kit.Result:
    """Clustering benchmark: representations from the autoencoder and without it, three tasks."""
    hard = settings.clustering.hard_minerals
    tasks = {THREE: corpus.spectra.of_minerals(settings.clustering.minerals)}
    if not settings.denoising.presets[preset].train_on_clustered:
        tasks[HARD] = corpus.spectra.of_minerals(hard)
        tasks[HELD_OUT] = corpus.held_out.of_minerals(hard)
    reference = {HELD_OUT: corpus.training.of_minerals(hard)}
    representations = open_autoencoder(denoising_autoencoder).representations
    table = CLUSTERING_RUNS.from_rows(
        row
        for task, chosen in tasks.items()
        for row in run_task(
            task, preset, seed, chosen, representations(chosen.intensity), reference.get(task)
        )
    )
    return kit.Result(table, {"seed": seed})


@clustering_report_asset(CLUSTERING_RUNS)
def clustering_report(
    settings: Settings,
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    clustering_runs: dict[str, pa.Table],
    clusters: dict[str, pa.Table],
) -> kit.Result:
    """The clustering benchmark over seeds and tasks, and the files of the paper."""
    runs = current_runs(settings, fine_spectra, clustering_runs)
    table = text.summary(runs)
    members = spectra.select(["member_id", "member", "kind"]).to_pandas()
    files = match_files(members[members["kind"] == "Processed"])
    present = set(zip(runs["preset"], runs["seed"], strict=True))
    frames = {
        "{} preset, seed {}".format(*chosen): found.to_pandas()
        for key, found in sorted(clusters.items())
        if (chosen := tuple(partition_values(PRESET_SEED, key).values())) in present
    }
    comparison = text.compare_with_paper(files, frames)
    protocol = clustering_protocol(settings, runs)
    title = f"Agreement of clusters with minerals, profile {settings.title}"
    return kit.Result(
        CLUSTERING_RUNS.from_frame(runs),
        {
            "conclusions": text.conclusions(table),
            "paper_files_found": int(files["member_id"].notna().sum()),
        },
        figures={"scores": scores_by_representation(table, title)},
        report=text.to_markdown(table, runs, comparison, files, protocol),
    )
