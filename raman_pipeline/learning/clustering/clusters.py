"""Clusters of points: the plane, K-Means, the number of clusters, lists of files.

What belongs here: one clustering of one set of points. What does not: which points (see
`fair_test` and the assets), what a clustering is worth (see `scores`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.cluster import KMeans
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

from raman_pipeline.common.schema import Column, TableSchema

PERPLEXITY = 30.0
_STARTS = 3
"""Of K-Means while the number of clusters is being looked for."""

PLANE = TableSchema(
    "embedding_2d",
    (
        Column("file", pa.string(), "name; of augmented ones `augmented_<i>.txt`", unique=True),
        Column("member_id", pa.string(), "the spectrum; of an augmented one, its parent"),
        Column("augmented", pa.bool_(), "whether it was made from its parent"),
        Column("mineral", pa.string(), "mineral, of an augmented one its parent's"),
        Column("rruff_id", pa.string(), "specimen"),
        Column("wavelength_nm", pa.float64(), "laser, nm", True),
        Column("x", pa.float64(), "first coordinate in the plane (t-SNE)"),
        Column("y", pa.float64(), "second coordinate"),
    ),
)
CLUSTERS = TableSchema(
    "clusters",
    (*PLANE.columns, Column("cluster", pa.int32(), "cluster, 0 is the largest", between=(0, 999))),
)


def plane(points: npt.NDArray[np.floating], seed: int) -> npt.NDArray[np.float64]:
    """Returns two coordinates a point by t-SNE (van der Maaten & Hinton 2008), [n, 2].

    Starts from the principal components. The perplexity is PERPLEXITY, or a third of the
    points where there are few.

    Raises:
        ValueError: there are fewer than four points.
    """
    if len(points) < 4:
        raise ValueError(f"{len(points)} spectra cannot be laid out in a plane; four can")
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    found = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(points)
    return np.asarray(found, dtype=np.float64)


def turned(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Returns the same points, centred and turned so that n of them need n columns at most.

    Distances stay as they are, and with them K-Means, Ward's clusters and silhouettes;
    38,400 columns of a hundred latents become a hundred.
    """
    centred = np.asarray(points, dtype=np.float64) - points.mean(axis=0)
    if centred.shape[1] <= len(centred):
        return centred
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    return u * s


def k_means(
    points: npt.NDArray[np.floating], k: int, seed: int, starts: int = 10
) -> npt.NDArray[np.int32]:
    """Returns a cluster for each point, numbered by size from the largest, int32 [n].

    Args:
        points: [n, d].
        k: clusters; as many as points at most.
        seed: of the starts.
        starts: random starts, of which the best is taken.
    """
    labels = KMeans(min(k, len(points)), n_init=starts, random_state=seed).fit_predict(points)
    order = np.argsort(-np.bincount(labels), kind="stable")
    return np.argsort(order)[labels].astype(np.int32)


def choose_k(points: npt.NDArray[np.floating], candidates: Sequence[int], seed: int) -> int:
    """Returns the number of clusters with the greatest mean silhouette (Rousseeuw 1987).

    Candidates that need more points than there are, are left out.

    Raises:
        ValueError: no candidate is possible.
    """
    possible = [k for k in candidates if 1 < k < len(points)]
    if not possible:
        raise ValueError(f"none of {list(candidates)} clusters can be made of {len(points)} points")
    found = [silhouette_score(points, k_means(points, k, seed, _STARTS)) for k in possible]
    return possible[int(np.argmax(found))]


def file_lists(clusters: pd.DataFrame) -> dict[str, str]:
    """Returns a text for each cluster, measured and augmented files apart.

    Args:
        clusters: a CLUSTERS table.

    Returns:
        File name, such as `cluster_0.txt` and `cluster_0_augmented.txt`, to one name a line.
    """
    texts = {}
    for (cluster, augmented), rows in clusters.groupby(["cluster", "augmented"]):
        name = f"cluster_{cluster}{'_augmented' if augmented else ''}.txt"
        texts[name] = "\n".join(sorted(rows["file"])) + "\n"
    return texts
