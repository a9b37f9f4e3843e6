"""Pseudo-spectra: decoded cluster centroids and mean spectra of clusters.

Sparavigna (2025) names the idea and refers to doi:10.5281/zenodo.17038439.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Spectra = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PseudoSpectrum:
    """A cluster as spectra.

    Attributes:
        cluster: number of the cluster.
        minerals: number of measured spectra per mineral.
        decoded: the decoded mean latent of its members, float32 [m].
        mean: the mean spectrum of its members, float32 [m].
    """

    cluster: int
    minerals: dict[str, int]
    decoded: Spectra
    mean: Spectra


def pseudo_spectra(
    clusters: pd.DataFrame, spectra: Spectra, latents: Spectra, decode: Callable[[Spectra], Spectra]
) -> list[PseudoSpectrum]:
    """Returns each cluster's decoded latent centroid and its mean spectrum.

    K-Means on a t-SNE embedding has centroids in the embedding, which cannot be decoded; the
    mean of the members' latents can.

    Args:
        clusters: a CLUSTERS table with n rows.
        spectra: float32 [n, m], in the order of `clusters`.
        latents: float32 [n, latent], in the same order.
        decode: latents [k, latent] to spectra [k, m].
    """
    found = []
    for number in sorted(clusters["cluster"].unique()):
        members = (clusters["cluster"] == number).to_numpy()
        measured = clusters[members & ~clusters["augmented"].to_numpy()]
        found.append(
            PseudoSpectrum(
                int(number),
                measured["mineral"].value_counts().to_dict(),
                decode(latents[members].mean(axis=0, keepdims=True))[0],
                spectra[members].mean(axis=0),
            )
        )
    return found
