"""The clustering report: the benchmark and the paper's files, as tables and text.

What belongs here: aggregation and wording. What does not: the runs (see `benchmark`), figures
(see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raman_pipeline.common.markdown import markdown_report
from raman_pipeline.learning.clustering.benchmark import SUPERVISED
from raman_pipeline.learning.clustering.scores import purity
from raman_pipeline.learning.clustering.sparavigna2025 import (
    AUGMENTED_BY_CLUSTER,
    AUGMENTED_MINERAL,
)

SCORES = ("purity", "ari", "nmi", "silhouette")
_KEYS = ["preset", "task", "representation", "from_autoencoder", "clustering", "k_from"]


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Returns means and standard deviations over seeds, one row per clustering of each task.

    Columns: those of `_KEYS`, `seeds`, `n`, `minerals` and `k` (means), then `<score>_mean`
    and `<score>_sd` (NaN for one seed); the best adjusted Rand index first in each task.

    Args:
        runs: a CLUSTERING_RUNS table.
    """
    grouped = runs.groupby(_KEYS, sort=False)
    table = grouped[["n", "minerals", "k"]].mean()
    table.insert(0, "seeds", grouped.size())
    for score in SCORES:
        table[f"{score}_mean"] = grouped[score].mean()
        table[f"{score}_sd"] = grouped[score].std(ddof=1)
    return table.reset_index().sort_values(
        ["preset", "task", "ari_mean"], ascending=[False, True, False], ignore_index=True
    )


def conclusions(table: pd.DataFrame) -> list[str]:
    """Returns, per task and preset, whether the autoencoder's representations are better.

    The best clustering of each kind of representation is compared by the mean adjusted Rand
    index. The best of several is biased upwards, for both kinds alike.

    Args:
        table: as `summary` returns it.
    """
    lines = []
    for (preset, task), rows in table.groupby(["preset", "task"], sort=False):
        supervised = rows["clustering"] == SUPERVISED
        best = rows[~supervised].groupby("from_autoencoder")["ari_mean"].idxmax()
        ours, other = rows.loc[best[True]], rows.loc[best[False]]
        gap = ours["ari_mean"] - other["ari_mean"]
        verb = "beats" if gap > 0 else "ties with" if gap == 0 else "loses to"
        margin = f" by {abs(gap):.3f}" if gap else ""
        simplest = rows[
            (rows["representation"] == "min-max spectra")
            & (rows["clustering"] == "K-Means")
            & (rows["k_from"] == "minerals")
        ].iloc[0]
        lines.append(
            f"{task}, {preset} preset: the best clustering of the autoencoder's representations "
            f"({_described(ours)}, ARI {ours['ari_mean']:.3f}) {verb} the best without it "
            f"({_described(other)}, {other['ari_mean']:.3f}){margin}; "
            f"K-Means on min-max spectra reaches {simplest['ari_mean']:.3f} "
            f"(seeds: {ours['seeds']})."
        )
        for bound in rows[supervised]["ari_mean"]:
            lines[-1] += (
                f" The supervised baseline, the mineral of the nearest training spectrum, reaches "
                f"{bound:.3f}."
            )
    return lines


def compare_with_paper(files: pd.DataFrame, clusters: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Counts the paper's files: found, and in the cluster of their mineral, printed and here.

    The cluster of a mineral is the one that holds most of its measured spectra.

    Args:
        files: as `sparavigna2025.match_files` returns it.
        clusters: name of a run to its CLUSTERS table.

    Returns:
        One row for the paper and one per run: `run`, `files`, `in_cluster_of_mineral`,
        `augmented`, `augmented_in_cluster_of_mineral`, `purity` (of the measured files).
    """
    counts = AUGMENTED_BY_CLUSTER.items()
    printed = [(AUGMENTED_MINERAL, cluster) for cluster, n in counts for _ in range(n)]
    copies = pd.DataFrame(printed, columns=["mineral", "cluster"])
    rows = [{"run": "the paper, as printed"} | _counts(files, files, copies)]
    present = set(files["member_id"].dropna())
    for run, table in clusters.items():
        measured, copies = table[~table["augmented"]], table[table["augmented"]]
        listed = measured[measured["member_id"].isin(present)]
        rows.append({"run": run} | _counts(measured, listed, copies))
    return pd.DataFrame(rows)


def to_markdown(
    table: pd.DataFrame,
    runs: pd.DataFrame,
    comparison: pd.DataFrame,
    files: pd.DataFrame,
    protocol: Mapping[str, object],
) -> str:
    """Returns the report: protocol, conclusions, the paper's files, the benchmark.

    Args:
        table: as `summary` returns it.
        runs: the CLUSTERING_RUNS that it summarises.
        comparison: as `compare_with_paper` returns it.
        files: as `sparavigna2025.match_files` returns it.
        protocol: facts that every number depends on, in the order to print.
    """
    albite = comparison["augmented_in_cluster_of_mineral"].iloc[0]
    benchmark: list[str | pd.DataFrame] = []
    for (preset, task), rows in table.groupby(["preset", "task"], sort=False):
        part = runs[(runs["preset"] == preset) & (runs["task"] == task)]
        benchmark += [
            f"## {task}, {preset} preset",
            f"{part['n'].mean():,.0f} spectra, {part['specimens'].mean():,.0f} specimens, "
            f"{part['minerals'].mean():,.0f} minerals; means ± standard deviations over "
            f"seeds ({part['seed'].nunique()}). Mineral names are used for scoring only, except "
            "where k is the number of minerals and in the supervised baseline.",
            _cells(rows),
        ]
    return markdown_report(
        "Clustering report",
        protocol,
        "## Conclusions",
        conclusions(table),
        "## The paper's files",
        f"Of the {len(files)} measured files that Sparavigna (2025) lists, "
        f"{files['member_id'].notna().sum()} are available under their present names. The cluster "
        "of a mineral is the one that holds most of its measured spectra. The paper's "
        f"{sum(AUGMENTED_BY_CLUSTER.values())} augmented spectra are all made from albite; "
        f"{albite} of them are in its albite cluster.",
        comparison.assign(purity=comparison["purity"].map("{:.3f}".format, na_action="ignore")),
        *benchmark,
    )


def _counts(
    measured: pd.DataFrame, listed: pd.DataFrame, copies: pd.DataFrame
) -> dict[str, object]:
    home = measured.groupby("mineral")["cluster"].agg(lambda c: int(c.mode().iloc[0]))
    together = [int((t["mineral"].map(home) == t["cluster"]).sum()) for t in (listed, copies)]
    return {
        "files": len(listed),
        "in_cluster_of_mineral": together[0],
        "augmented": len(copies),
        "augmented_in_cluster_of_mineral": together[1],
        "purity": purity(listed["mineral"], listed["cluster"]) if len(listed) else None,
    }


def _described(row: pd.Series) -> str:
    k = "" if row["clustering"] == "HDBSCAN" else f", k from the {row['k_from']}"
    return f"{row['representation']}, {row['clustering']}{k}"


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    cells = {
        "representation": rows["representation"],
        "from autoencoder": rows["from_autoencoder"].map({True: "yes", False: "no"}),
        "clustering": rows["clustering"],
        "k": [f"{k:.0f} (from the {w})" for k, w in zip(rows["k"], rows["k_from"], strict=True)],
    }
    for score in SCORES:
        pairs = zip(rows[f"{score}_mean"], rows[f"{score}_sd"], strict=True)
        title = {"ari": "ARI", "nmi": "NMI"}.get(score, score)
        cells[title] = [f"{m:.3f}" + ("" if pd.isna(s) else f" ± {s:.3f}") for m, s in pairs]
    return pd.DataFrame(cells)
