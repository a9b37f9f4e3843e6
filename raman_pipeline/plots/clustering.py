"""Figures of clusterings: t-SNE embeddings, pseudo-spectra, scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.learning.clustering.benchmark import SUPERVISED
from raman_pipeline.learning.clustering.pseudo_spectra import PseudoSpectrum
from raman_pipeline.plots.style import BLUE, GREY, ORANGE, SHIFT_LABEL, new_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

_COLOURS = (
    "#2b6cb0", "#dd6b20", "#2f855a", "#805ad5", "#c53030", "#b7791f", "#319795", "#d53f8c",
    "#4a5568", "#68d391",
)  # fmt: skip
_MARKERS = "osD^v<>ph*"


def embedding(clusters: pd.DataFrame, title: str) -> Figure:
    """Draws the t-SNE embedding: colour by cluster, marker by mineral, augmented spectra hollow.

    Args:
        clusters: a CLUSTERS table.
        title: title of the figure.
    """
    figure, (ax,) = new_figure(7.5, 5.5)
    minerals = sorted(clusters["mineral"].unique())
    for (mineral, cluster, augmented), rows in clusters.groupby(
        ["mineral", "cluster", "augmented"]
    ):
        colour = _COLOURS[int(cluster) % len(_COLOURS)]
        ax.scatter(
            rows["x"],
            rows["y"],
            26,
            marker=_MARKERS[minerals.index(mineral) % len(_MARKERS)],
            facecolors="none" if augmented else colour,
            edgecolors=colour,
            linewidths=0.8,
            label=f"{mineral}{', augmented' if augmented else ''}: cluster {cluster} ({len(rows)})",
        )
    ax.set(xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[])
    ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set_title(title, fontsize=10)
    return figure


def embedding_page(clusters: pd.DataFrame, title: str) -> go.Figure:
    """Returns the same embedding as an interactive page with file, specimen, laser, cluster."""
    import plotly.graph_objects as go

    page = go.Figure()
    for (cluster, augmented), rows in clusters.groupby(["cluster", "augmented"]):
        page.add_scatter(
            x=rows["x"],
            y=rows["y"],
            mode="markers",
            name=f"cluster {cluster}{', augmented' if augmented else ''}",
            marker={
                "color": _COLOURS[int(cluster) % len(_COLOURS)],
                "size": 9,
                "symbol": "circle-open" if augmented else "circle",
            },
            customdata=rows[["file", "mineral", "rruff_id", "wavelength_nm", "cluster"]],
            hovertemplate=(
                "%{customdata[0]}<br>%{customdata[1]} %{customdata[2]}<br>"
                "laser %{customdata[3]} nm<br>cluster %{customdata[4]}<extra></extra>"
            ),
        )
    page.update_layout(
        title=title, template="simple_white", xaxis_title="t-SNE 1", yaxis_title="t-SNE 2"
    )
    return page


def pseudo_spectrum(grid: npt.NDArray[np.float64], cluster: PseudoSpectrum, title: str) -> Figure:
    """Draws a cluster's decoded latent centroid over its mean spectrum."""
    figure, (ax,) = new_figure(8, 3)
    ax.plot(grid, cluster.mean, color=GREY, lw=1.8, label="mean spectrum")
    ax.plot(grid, cluster.decoded, color=BLUE, lw=0.9, label="decoded latent centroid")
    ax.set(xlabel=SHIFT_LABEL, yticks=[])
    ax.legend(fontsize=7, frameon=False)
    minerals = ", ".join(f"{n} {m}" for m, n in cluster.minerals.items()) or "none measured"
    ax.set_title(f"{title}\ncluster {cluster.cluster}: {minerals}", fontsize=9)
    return figure


def scores_by_representation(table: pd.DataFrame, title: str) -> Figure:
    """Draws the adjusted Rand index of every representation, one panel per preset and task.

    Args:
        table: as `learning.clustering.report.summary` returns it.
        title: title of the figure.
    """
    tasks = list(table.groupby(["preset", "task"], sort=False))
    height = 1.4 + 0.24 * max(len(rows) for _, rows in tasks)
    figure, axes = new_figure(3 + 3.4 * len(tasks), height, len(tasks))
    for ax, ((preset, task), rows) in zip(axes, tasks, strict=True):
        y = np.arange(len(rows))
        colours = np.where(rows["from_autoencoder"], BLUE, ORANGE)
        colours = np.where(rows["clustering"] == SUPERVISED, GREY, colours).tolist()
        names = [f"{r.representation}, {r.clustering}, k: {r.k_from}" for r in rows.itertuples()]
        spread = rows["ari_sd"].fillna(0)
        bars = ax.barh(
            y, rows["ari_mean"], xerr=spread, color=colours, error_kw={"elinewidth": 0.8}
        )
        ax.bar_label(bars, fmt="%.3f", fontsize=6, padding=3)
        ax.set_yticks(y, names, fontsize=7)
        ax.invert_yaxis()
        ax.set(xlim=(0, 1.15), xlabel="adjusted Rand index")
        ax.set_title(f"{task}\n{preset} preset", fontsize=9)
    figure.suptitle(f"{title}\nblue: from the autoencoder; grey: supervised", fontsize=10)
    return figure
