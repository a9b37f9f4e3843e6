"""Clustering benchmark: representations of spectra, clustered and scored against minerals.

What belongs here: which representations and algorithms are compared, and the runs. What does
not: the scores (see `scores`), the report (see `report`).

No clustering uses the names of minerals, except that K-Means and Ward get the number of
minerals as k; K-Means runs a second time with the k of the best silhouette. A supervised
baseline gives each spectrum the mineral of its nearest neighbour among spectra of other
specimens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.clustering.clusters import choose_k, k_means, pca_rotated, tsne
from raman_pipeline.learning.clustering.scores import scores
from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.spectra.derivatives import root_derivative_spectra
from raman_pipeline.spectra.normalise import unit_vectors

Points = npt.NDArray[np.floating]

COMPONENTS = 10
_DERIVATIVE_SIGMA = 3.0
"""Grid points."""
DERIVATIVES = "first-derivative spectra"
SUPERVISED = "1-nearest neighbour (supervised)"
"""Not a clustering: how well the spectra themselves separate the minerals."""
_CANDIDATES = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 26, 32, 40)
_MIN_CLUSTER_SIZE = 3

CLUSTERING_RUNS = TableSchema(
    "clustering_runs",
    (
        Column("task", pa.string(), "set of spectra"),
        Column("preset", pa.string(), "preset of the autoencoder"),
        Column("seed", pa.int32(), "seed of autoencoder, held-out specimens and clustering"),
        Column("representation", pa.string(), "representation of the spectra"),
        Column("from_autoencoder", pa.bool_(), "whether the autoencoder computed it"),
        Column("clustering", pa.string(), "algorithm"),
        Column("k", pa.int32(), "number of clusters"),
        Column(
            "k_from",
            pa.string(),
            "source of k: number of minerals, the data, or labels of other specimens",
            isin=("minerals", "data", "labels"),
        ),
        Column("n", pa.int32(), "number of spectra"),
        Column("specimens", pa.int32(), "number of specimens"),
        Column("minerals", pa.int32(), "number of minerals"),
        Column("purity", pa.float64(), "share of their cluster's main mineral", between=(0, 1)),
        Column("ari", pa.float64(), "adjusted Rand index", between=(-1, 1)),
        Column("nmi", pa.float64(), "normalised mutual information", between=(0, 1)),
        Column("silhouette", pa.float64(), "mean silhouette", True, between=(-1, 1)),
    ),
    unique_together=("task", "preset", "seed", "representation", "clustering", "k_from"),
)


def unit_derivatives(spectra: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Returns first-derivative spectra of square roots, scaled to unit length, [n, m]."""
    return unit_vectors(root_derivative_spectra(spectra.astype(np.float64), _DERIVATIVE_SIGMA))


def run_task(
    task: str,
    preset: str,
    seed: int,
    corpus: Corpus,
    latents: Mapping[str, Points],
    reference: Corpus | None = None,
) -> Iterator[dict[str, object]]:
    """Yields rows of CLUSTERING_RUNS for one task.

    Args:
        task: name of the task.
        preset: name of the autoencoder's preset.
        seed: of PCA, t-SNE and K-Means.
        corpus: the spectra to cluster.
        latents: name to array [n, d]; what the autoencoder computed from these spectra.
        reference: spectra of the same minerals from other specimens, for the supervised
            baseline; None for no such baseline.
    """
    from sklearn.decomposition import PCA

    minerals = corpus.metadata["mineral"].to_numpy(str)
    count = len(np.unique(minerals))
    common = {
        "task": task,
        "preset": preset,
        "seed": seed,
        "n": len(corpus),
        "specimens": corpus.metadata["rruff_id"].nunique(),
        "minerals": count,
    }

    def row(
        representation: str, clustering: str, k_from: str, labels: npt.NDArray, points: Points
    ) -> dict[str, object]:
        found = scores(minerals, labels, points)
        return common | {
            "representation": representation,
            "from_autoencoder": representation in learned,
            "clustering": clustering,
            "k": len(np.unique(labels)),
            "k_from": k_from,
            **{name: None if np.isnan(value) else value for name, value in found.items()},
        }

    spectra, derivatives = corpus.intensity, unit_derivatives(corpus.intensity)
    components = PCA(min(COMPONENTS, *spectra.shape), random_state=seed).fit_transform(spectra)
    plain = {
        "min-max spectra": spectra,
        f"PCA, {COMPONENTS} components": components,
        DERIVATIVES: derivatives,
        "t-SNE of spectra": tsne(spectra, seed),
        f"t-SNE of {DERIVATIVES}": tsne(derivatives, seed),
    }
    learned = {
        name: points
        for latent, wide in latents.items()
        for name, points in ((latent, wide), (f"t-SNE of {latent}", tsne(wide, seed)))
    }
    for name, wide in {**plain, **learned}.items():
        points = pca_rotated(wide)
        for clustering, k_from, labels in _clusterings(points, count, name, seed):
            yield row(name, clustering, k_from, labels, points)
    if reference is not None:
        nearest = (derivatives @ unit_derivatives(reference.intensity).T).argmax(axis=1)
        labels = reference.metadata["mineral"].to_numpy(str)[nearest]
        yield row(DERIVATIVES, SUPERVISED, "labels", labels, derivatives)


def _clusterings(
    points: Points, minerals: int, representation: str, seed: int
) -> Iterator[tuple[str, str, npt.NDArray]]:
    from sklearn.cluster import HDBSCAN, AgglomerativeClustering

    yield "K-Means", "minerals", k_means(points, minerals, seed)
    yield "K-Means", "data", k_means(points, choose_k(points, _CANDIDATES, seed), seed)
    yield "Ward", "minerals", AgglomerativeClustering(minerals).fit_predict(points)
    if representation.startswith("t-SNE"):
        # Density-based clustering finds only noise in hundreds of dimensions.
        density = HDBSCAN(min_cluster_size=_MIN_CLUSTER_SIZE, copy=True)
        yield "HDBSCAN", "data", density.fit_predict(points)
