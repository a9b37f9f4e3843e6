"""One clustering of one set of points: t-SNE, K-Means, the number of clusters, file lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema

PERPLEXITY = 30.0
_INITIALISATIONS = 3
"""Initialisations of K-Means while the number of clusters is chosen."""

EMBEDDING_2D = TableSchema(
    "embedding_2d",
    (
        Column(
            "file", pa.string(), "file name; `augmented_<i>.txt` for augmented spectra", unique=True
        ),
        Column("member_id", pa.string(), "the spectrum; for an augmented one, its parent"),
        Column("augmented", pa.bool_(), "whether the spectrum is an augmented copy"),
        Column("mineral", pa.string(), "mineral; for an augmented spectrum its parent's"),
        Column("rruff_id", pa.string(), "specimen"),
        Column("wavelength_nm", pa.float64(), "laser, nm", True),
        Column("x", pa.float64(), "first t-SNE coordinate"),
        Column("y", pa.float64(), "second t-SNE coordinate"),
    ),
)
CLUSTERS = TableSchema(
    "clusters",
    (
        *EMBEDDING_2D.columns,
        Column("cluster", pa.int32(), "cluster; 0 is the largest", between=(0, 999)),
    ),
)


def tsne(points: npt.NDArray[np.floating], seed: int) -> npt.NDArray[np.float64]:
    """Returns a t-SNE embedding in two dimensions (van der Maaten & Hinton 2008), [n, 2].

    The initialisation is PCA. The perplexity is PERPLEXITY, at most a third of the points.

    Raises:
        ValueError: there are fewer than four points.
    """
    from sklearn.manifold import TSNE

    if len(points) < 4:
        raise ValueError(f"t-SNE needs at least four spectra, not {len(points)}")
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    found = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(points)
    return np.asarray(found, dtype=np.float64)


def pca_rotated(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Returns all principal components: at most n columns for n points.

    Distances are unchanged, and with them K-Means, Ward's clusters and silhouettes; the
    38,400 columns of a hundred latents become a hundred.
    """
    centred = np.asarray(points, dtype=np.float64) - points.mean(axis=0)
    if centred.shape[1] <= len(centred):
        return centred
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    return u * s


def k_means(
    points: npt.NDArray[np.floating], k: int, seed: int, n_init: int = 10
) -> npt.NDArray[np.int32]:
    """Returns the cluster of each point, numbered by decreasing size, int32 [n].

    Args:
        points: [n, d].
        k: number of clusters; at most n are made.
        seed: of the initialisations.
        n_init: random initialisations, of which the best is taken.
    """
    from sklearn.cluster import KMeans

    labels = KMeans(min(k, len(points)), n_init=n_init, random_state=seed).fit_predict(points)
    order = np.argsort(-np.bincount(labels), kind="stable")
    return np.argsort(order)[labels].astype(np.int32)


def choose_k(points: npt.NDArray[np.floating], candidates: Sequence[int], seed: int) -> int:
    """Returns the number of clusters with the greatest mean silhouette (Rousseeuw 1987).

    Candidates that are not below the number of points are ignored.

    Raises:
        ValueError: no candidate is possible.
    """
    from sklearn.metrics import silhouette_score

    possible = [k for k in candidates if 1 < k < len(points)]
    if not possible:
        raise ValueError(f"{len(points)} points cannot form any of {list(candidates)} clusters")
    found = [silhouette_score(points, k_means(points, k, seed, _INITIALISATIONS)) for k in possible]
    return possible[int(np.argmax(found))]


def file_lists(clusters: pd.DataFrame) -> dict[str, str]:
    """Returns the files of each cluster, measured and augmented ones in separate lists.

    Args:
        clusters: a CLUSTERS table.

    Returns:
        File name, such as `cluster_0.txt` and `cluster_0_augmented.txt`, to one name per line.
    """
    texts = {}
    for (cluster, augmented), rows in clusters.groupby(["cluster", "augmented"]):
        name = f"cluster_{cluster}{'_augmented' if augmented else ''}.txt"
        texts[name] = "\n".join(sorted(rows["file"])) + "\n"
    return texts
