"""Scores of one clustering against known minerals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def purity(minerals: npt.ArrayLike, clusters: npt.ArrayLike) -> float:
    """Returns the share of spectra whose mineral is the most frequent one of their cluster."""
    from sklearn.metrics.cluster import contingency_matrix

    counts = contingency_matrix(minerals, clusters)
    return float(counts.max(axis=0).sum() / counts.sum())


def scores(
    minerals: npt.ArrayLike, clusters: npt.ArrayLike, points: npt.NDArray[np.floating]
) -> dict[str, float]:
    """Returns `purity`, `ari`, `nmi` and `silhouette` of a clustering.

    Args:
        minerals: [n] names.
        clusters: [n] labels; -1 (noise of a density-based clustering) counts as one cluster.
        points: [n, d], what was clustered; the silhouette is NaN for a single cluster, or
            for as many as spectra.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

    labels = np.asarray(clusters)
    several = 1 < len(np.unique(labels)) < len(labels)
    # Rounding can bring an index a last bit above 1.
    return {
        "purity": purity(minerals, labels),
        "ari": min(float(adjusted_rand_score(minerals, labels)), 1.0),
        "nmi": min(float(normalized_mutual_info_score(minerals, labels)), 1.0),
        "silhouette": float(silhouette_score(points, labels)) if several else float("nan"),
    }
