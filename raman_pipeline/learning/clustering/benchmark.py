"""A fair test of clustering: learned and plain representations on easy and hard tasks.

What belongs here: which representations are compared, and the runs. What does not: the
scores (see `scores`), the text (see `report_text`).

Clusterings see no mineral's name. The number of clusters is given once as the number of
minerals, and chosen once by the silhouette. Beside them stands what one reaches who does know
names: each unseen spectrum is given the name of the nearest seen one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.cluster import HDBSCAN, AgglomerativeClustering
from sklearn.decomposition import PCA

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.clustering.clusters import choose_k, k_means, plane, turned
from raman_pipeline.learning.clustering.scores import scores
from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.spectra.derivatives import root_derivative_spectra
from raman_pipeline.spectra.normalise import unit_vectors

Points = npt.NDArray[np.floating]

COMPONENTS = 10
_DERIVATIVE_SIGMA = 3.0
"""Grid points."""
WITH_NAMES = "names of the nearest"
"""Not a clustering: how far the spectra themselves tell minerals apart."""
_CANDIDATES = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 26, 32, 40)
_SMALLEST_GROUP = 3

RUNS = TableSchema(
    "clustering_runs",
    (
        Column("task", pa.string(), "what was clustered"),
        Column("preset", pa.string(), "of the autoencoder"),
        Column("seed", pa.int32(), "of autoencoder, unseen specimens and clustering"),
        Column("representation", pa.string(), "what stands for a spectrum"),
        Column("learned", pa.bool_(), "whether the autoencoder made it"),
        Column("clustering", pa.string(), "method"),
        Column("k", pa.int32(), "clusters"),
        Column("k_from", pa.string(), "where k comes from", isin=("minerals", "data", "names")),
        Column("n", pa.int32(), "spectra"),
        Column("specimens", pa.int32(), "specimens"),
        Column("minerals", pa.int32(), "minerals"),
        Column("purity", pa.float64(), "share of their cluster's mineral", between=(0, 1)),
        Column("ari", pa.float64(), "adjusted Rand index", between=(-1, 1)),
        Column("nmi", pa.float64(), "normalised mutual information", between=(0, 1)),
        Column("silhouette", pa.float64(), "mean silhouette", True, between=(-1, 1)),
    ),
    unique_together=("task", "preset", "seed", "representation", "clustering", "k_from"),
)


def unit_derivatives(spectra: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Returns unit vectors of first-derivative spectra of square roots, [n, m]."""
    return unit_vectors(root_derivative_spectra(spectra.astype(np.float64), _DERIVATIVE_SIGMA))


def run_task(
    task: str,
    preset: str,
    seed: int,
    corpus: Corpus,
    latents: Mapping[str, Points],
    reference: Corpus | None = None,
) -> Iterator[dict[str, object]]:
    """Yields rows of RUNS for one task.

    Args:
        task: name of the task.
        preset: name of the autoencoder's preset.
        seed: of PCA, t-SNE and K-Means.
        corpus: the spectra to cluster.
        latents: name to array [n, d]; what the autoencoder computed from these spectra.
        reference: spectra of the same minerals from other specimens, for the supervised
            baseline; None for no such baseline.
    """
    metadata = corpus.metadata
    minerals = metadata["mineral"].to_numpy(str)
    known = len(np.unique(minerals))
    common = {
        "task": task,
        "preset": preset,
        "seed": seed,
        "n": len(metadata),
        "specimens": metadata["rruff_id"].nunique(),
        "minerals": known,
    }
    spectra, derivatives = corpus.intensity, unit_derivatives(corpus.intensity)
    components = PCA(min(COMPONENTS, *spectra.shape), random_state=seed).fit_transform(spectra)
    plain = {
        "min-max spectra": spectra,
        f"PCA, {COMPONENTS} components": components,
        "first-derivative spectra": derivatives,
        "t-SNE of spectra": plane(spectra, seed),
        "t-SNE of first-derivative spectra": plane(derivatives, seed),
    }
    learned = {
        name: points
        for latent, wide in latents.items()
        for name, points in ((latent, wide), (f"t-SNE of {latent}", plane(wide, seed)))
    }
    for name, wide in {**plain, **learned}.items():
        points = turned(wide)
        for clustering, k_from, labels in _clusterings(points, known, name, seed):
            how = {"representation": name, "clustering": clustering, "k_from": k_from}
            yield common | how | {"learned": name in learned} | _found(minerals, labels, points)
    if reference is not None:
        nearest = (derivatives @ unit_derivatives(reference.intensity).T).argmax(axis=1)
        labels = reference.metadata["mineral"].to_numpy(str)[nearest]
        how = {
            "representation": "first-derivative spectra",
            "clustering": WITH_NAMES,
            "k_from": "names",
        }
        yield common | how | {"learned": False} | _found(minerals, labels, derivatives)


def _found(minerals: npt.NDArray, labels: npt.NDArray, points: Points) -> dict[str, object]:
    found = scores(minerals, labels, points)
    return {
        "k": len(np.unique(labels)),
        **{name: None if value != value else value for name, value in found.items()},
    }


def _clusterings(
    points: Points, known: int, name: str, seed: int
) -> Iterator[tuple[str, str, npt.NDArray]]:
    yield "K-Means", "minerals", k_means(points, known, seed)
    yield "K-Means", "data", k_means(points, choose_k(points, _CANDIDATES, seed), seed)
    yield "Ward", "minerals", AgglomerativeClustering(known).fit_predict(points)
    if name.startswith("t-SNE"):
        # Density means something in the plane only; in 1,200 dimensions all is noise.
        yield (
            "HDBSCAN",
            "data",
            HDBSCAN(min_cluster_size=_SMALLEST_GROUP, copy=True).fit_predict(points),
        )
