"""The clustering report: the fair test and the paper's list, as tables and text.

What belongs here: aggregation, verdicts and wording. What does not: the runs (see
`fair_test`), figures (see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.learning.clustering.benchmark import WITH_NAMES
from raman_pipeline.learning.clustering.paper_list import PAPER_AUGMENTED, PAPER_CLUSTER_OF
from raman_pipeline.learning.clustering.scores import purity

SCORES = ("purity", "ari", "nmi", "silhouette")
_GIVEN = ["preset", "task", "representation", "learned", "clustering", "k_from"]


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Returns means and deviations over seeds of every way to cluster every task.

    Columns: those of `_GIVEN`, `seeds`, `n`, `minerals` and `k` (means), then `<score>_mean`
    and `<score>_sd` (NaN for one seed); the best adjusted Rand index first in each task.
    """
    grouped = runs.groupby(_GIVEN, sort=False)
    table = grouped[["n", "minerals", "k"]].mean()
    table.insert(0, "seeds", grouped.size())
    for score in SCORES:
        table[f"{score}_mean"] = grouped[score].mean()
        table[f"{score}_sd"] = grouped[score].std(ddof=1)
    return table.reset_index().sort_values(
        ["preset", "task", "ari_mean"], ascending=[False, True, False], ignore_index=True
    )


def verdicts(table: pd.DataFrame) -> list[str]:
    """Says, for each task and preset, whether learned representations beat plain ones.

    The best of each side is compared, over all clusterings, by the mean adjusted Rand index;
    a best of several is flattered, on both sides alike.
    """
    lines = []
    for (preset, task), every in table.groupby(["preset", "task"], sort=False):
        rows = every[every["clustering"] != WITH_NAMES]
        best = {
            learned: side.loc[side["ari_mean"].idxmax()]
            for learned, side in rows.groupby("learned")
        }
        ours, plain = best[True], best[False]
        gap = ours["ari_mean"] - plain["ari_mean"]
        word = "beats" if gap > 0 else "ties with" if gap == 0 else "loses to"
        simple = rows[
            (rows["representation"] == "min-max spectra")
            & (rows["clustering"] == "K-Means")
            & (rows["k_from"] == "minerals")
        ].iloc[0]
        lines.append(
            f"{task}, {preset} preset: the best of what the autoencoder made "
            f"({_way(ours)}, ARI {ours['ari_mean']:.3f}) {word} the best of what nothing was "
            f"learned for ({_way(plain)}, {plain['ari_mean']:.3f}) by {abs(gap):.3f}; plain "
            f"K-Means on min-max spectra has {simple['ari_mean']:.3f} ({ours['seeds']} seeds)."
        )
        for named in every[every["clustering"] == WITH_NAMES]["ari_mean"]:
            lines[-1] += (
                f" Whoever knows the names of the seen specimens and takes the nearest one's "
                f"reaches {named:.3f}: the spectra tell these minerals apart that far."
            )
    return lines


def paper_match(matched: pd.DataFrame, clusters: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Counts the paper's files: found, and in the cluster of their mineral, there and here.

    Args:
        matched: as `paper_list.match` returns it.
        clusters: name of a run to its CLUSTERS table.

    Returns:
        One row for the paper and one for each run: `run`, `files`, `with_their_mineral`,
        `augmented`, `augmented_with_their_mineral`, `purity` (of the measured files).
    """
    own = PAPER_CLUSTER_OF["Albite"]
    paper = matched.rename(columns={"paper_cluster": "cluster"})
    rows = [
        {
            "run": "the paper, as printed",
            "files": len(matched),
            "with_their_mineral": int(matched["with_its_mineral"].sum()),
            "augmented": sum(PAPER_AUGMENTED.values()),
            "augmented_with_their_mineral": PAPER_AUGMENTED[own],
            "purity": purity(paper["mineral"], paper["cluster"]),
        }
    ]
    found = set(matched["member_id"].dropna())
    for run, table in clusters.items():
        measured = table[~table["augmented"]]
        home = _home(measured)
        listed = measured[measured["member_id"].isin(found)]
        copies = table[table["augmented"]]
        rows.append(
            {
                "run": run,
                "files": len(listed),
                "with_their_mineral": int((listed["mineral"].map(home) == listed["cluster"]).sum()),
                "augmented": len(copies),
                "augmented_with_their_mineral": int(
                    (copies["mineral"].map(home) == copies["cluster"]).sum()
                ),
                "purity": purity(listed["mineral"], listed["cluster"]) if len(listed) else None,
            }
        )
    return pd.DataFrame(rows)


def to_markdown(
    table: pd.DataFrame,
    runs: pd.DataFrame,
    files: pd.DataFrame,
    matched: pd.DataFrame,
    protocol: Mapping[str, object],
) -> str:
    """Returns the report: protocol, verdicts, the paper's list, the fair test.

    Args:
        table: as `summary` returns it.
        runs: the RUNS it was made of.
        files: as `paper_match` returns it.
        matched: as `paper_list.match` returns it.
        protocol: facts that every number depends on, in the order to print.
    """
    missing = matched[matched["member_id"].isna()]["name"]
    lines = ["# Clustering report", "", "## Protocol", ""]
    lines += [f"- {key}: {value}" for key, value in protocol.items()]
    lines += ["", "## Verdict", "", *(f"- {line}" for line in verdicts(table))]
    lines += [
        "",
        "## The paper's files",
        "",
        f"Of the 44 measured files that Sparavigna (2025) lists, {len(matched) - len(missing)} are "
        "at hand under their names of today. A mineral's own cluster is the one that most of its "
        "measured spectra are in. The paper's 50 augmented spectra are all made from albite, and "
        f"{PAPER_AUGMENTED[PAPER_CLUSTER_OF['Albite']]} of them stand in its albite cluster.",
        "",
        *markdown_table(files.assign(purity=files["purity"].map("{:.3f}".format))),
        "",
    ]
    for (preset, task), rows in table.groupby(["preset", "task"], sort=False):
        part = runs[(runs["preset"] == preset) & (runs["task"] == task)]
        lines += [
            f"## {task}, {preset} preset",
            "",
            f"{part['n'].mean():,.0f} spectra, {part['specimens'].mean():,.0f} specimens, "
            f"{part['minerals'].mean():,.0f} minerals; means ± deviations over "
            f"{part['seed'].nunique()} seeds. No mineral's name is used but for the number of "
            "clusters, where it says so.",
            "",
            *markdown_table(_cells(rows)),
            "",
        ]
    return "\n".join(lines)


def _home(measured: pd.DataFrame) -> dict[str, int]:
    """Returns the cluster that most spectra of each mineral are in."""
    return measured.groupby("mineral")["cluster"].agg(lambda c: int(c.mode().iloc[0])).to_dict()


def _way(row: pd.Series) -> str:
    k = "" if row["clustering"] == "HDBSCAN" else f", k from the {row['k_from']}"
    return f"{row['representation']}, {row['clustering']}{k}"


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    cells = {
        "representation": rows["representation"],
        "learned": rows["learned"].map({True: "yes", False: "no"}),
        "clustering": rows["clustering"],
        "k": [f"{k:.0f} (from the {w})" for k, w in zip(rows["k"], rows["k_from"], strict=True)],
    }
    for score in SCORES:
        pairs = zip(rows[f"{score}_mean"], rows[f"{score}_sd"], strict=True)
        title = {"ari": "ARI", "nmi": "NMI"}.get(score, score)
        cells[title] = [f"{m:.3f}" + ("" if pd.isna(s) else f" ± {s:.3f}") for m, s in pairs]
    return pd.DataFrame(cells)
