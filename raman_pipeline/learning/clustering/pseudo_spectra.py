"""Pseudo-spectra: what a cluster looks like as a spectrum.

What belongs here: centroids of latents, decoded, and mean members. What does not: the
clusters (see `clusters`).

Sparavigna (2025) names the idea and refers to doi:10.5281/zenodo.17038439.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.learning.clustering.clusters import PseudoSpectrum
from raman_pipeline.learning.denoising.autoencoder import Autoencoder


def pseudo_spectra(
    clusters: pd.DataFrame, spectra: npt.NDArray[np.float32], autoencoder: Autoencoder
) -> list[PseudoSpectrum]:
    """Returns each cluster's centroid in the latent space, decoded, beside its mean member.

    K-Means in the plane has centroids in the plane, which cannot be decoded; the mean of
    the members' latents can.

    Args:
        clusters: a CLUSTERS table.
        spectra: float32 [n, m], in its order.
        autoencoder: whose latents were clustered.
    """
    latents = autoencoder.encode(spectra)
    found = []
    for number in sorted(clusters["cluster"].unique()):
        inside = (clusters["cluster"] == number).to_numpy()
        measured = clusters[inside & ~clusters["augmented"].to_numpy()]
        found.append(
            PseudoSpectrum(
                int(number),
                measured["mineral"].value_counts().to_dict(),
                autoencoder.decode(latents[inside].mean(axis=0, keepdims=True))[0],
                spectra[inside].mean(axis=0),
            )
        )
    return found
