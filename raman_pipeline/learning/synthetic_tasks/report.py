"""The report on the synthetic tasks: all methods and the published figures.

What belongs here: published figures with their source, aggregation, wording. What does not: the
predictions (see `tasks`), plots (see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raman_pipeline.common.markdown import markdown_report
from raman_pipeline.learning.synthetic_tasks.names import (
    BASELINES,
    EMBEDDING,
    METHODS,
    PEAK_MODEL,
    TITLES,
    TaskName,
)

PAPER = "paper, printed"
CNN6 = "CNN6, printed"
PUBLISHED: dict[tuple[str, str, int, int], str] = {
    # Vorozhtsov & Kitina (2024), text and Table 1.
    (PAPER, "all_classes", 1, 1): "99.03 ± 0.27",
    (PAPER, "forty_percent", 1, 1): "98.95 ± 0.31",
    (PAPER, "ten_percent", 1, 1): "97.64 ± 0.21",
    (PAPER, "unseen_classes", 1, 1): "99.667",
    (PAPER, "challenge", 1, 1): "53.08",
    (PAPER, "mixtures", 2, 1): "99.2",
    (PAPER, "mixtures", 2, 2): "92.0",
    (PAPER, "mixtures", 3, 1): "99.6",
    (PAPER, "mixtures", 3, 2): "96.6",
    (PAPER, "mixtures", 3, 3): "78.8",
    (PAPER, "mixtures", 4, 1): "99.3",
    (PAPER, "mixtures", 4, 2): "96.0",
    (PAPER, "mixtures", 4, 3): "84.8",
    (PAPER, "mixtures", 4, 4): "59.4",
    # Schuetzke, Szymanski & Reischl (2023).
    (CNN6, "all_classes", 1, 1): "99.81 ± 0.05",
    (CNN6, "challenge", 1, 1): "78 to 87",
}
_COLUMNS = (PAPER, CNN6, *METHODS)
_HEADS = {EMBEDDING: "paper's network, here", PEAK_MODEL: "peak models (ours)"}


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Returns means and standard deviations over seeds, in percent, by task, part and method.

    Random galleries are one part, `random galleries`, with the lowest of them in `least`.

    Args:
        runs: SYNTHETIC_RUNS tables with a column `seed`.
    """
    galleries = runs["part"].str.startswith("gallery")
    runs = runs.assign(
        part=runs["part"].where(~galleries, "random galleries"), accuracy=100 * runs["accuracy"]
    )
    keys = ["task", "part", "components", "at_least", "method"]
    by_seed = runs.groupby([*keys, "seed"], as_index=False).agg(
        accuracy=("accuracy", "mean"), least=("accuracy", "min"), n=("n", "sum")
    )
    table = by_seed.groupby(keys, as_index=False).agg(
        mean=("accuracy", "mean"),
        sd=("accuracy", "std"),
        least=("least", "min"),
        seeds=("seed", "nunique"),
        n=("n", "first"),
    )
    order = {task: i for i, task in enumerate(TITLES)}
    return table.sort_values(
        ["task", "part", "components", "at_least", "method"],
        key=lambda s: s.map(order) if s.name == "task" else s,
        ignore_index=True,
    )


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """Returns one row per task and one column per method, published figures included.

    Args:
        table: as `summary` returns it.
    """
    rows = []
    for key, group in table.groupby(["task", "part", "components", "at_least"], sort=False):
        task, part, components, at_least = key
        row: dict[str, object] = {"task": _title(task, part, components, at_least)}
        row["n"] = int(group["n"].iloc[0])
        for method in _COLUMNS:
            own = group[group["method"] == method]
            printed = PUBLISHED.get((method, task, components, at_least))
            printed = printed if part == "all" else None
            row[_HEADS.get(method, method)] = printed or (_cell(own.iloc[0]) if len(own) else "–")
        rows.append(row)
    return pd.DataFrame(rows)


def conclusions(table: pd.DataFrame) -> list[str]:
    """Returns one sentence per task: whether peak models beat all baselines and the network."""
    lines = []
    whole = table[(table["part"] == "all") & (table["components"] == table["at_least"])]
    for (task, components), rows in whole.groupby(["task", "components"], sort=False):
        means = rows.set_index("method")["mean"]
        if PEAK_MODEL not in means:
            continue
        others = means.drop(PEAK_MODEL)
        if others.empty:
            continue
        best, ours = others.idxmax(), means[PEAK_MODEL]
        word = "beat" if ours > others.max() else "equal" if ours == others.max() else "lose to"
        kind = "the best baseline" if best in BASELINES else "the paper's network"
        lines.append(
            f"{_title(task, 'all', components, components)}: peak models ({ours:.2f}%) {word} "
            f"{kind}, {best} ({others.max():.2f}%)."
        )
    return lines


def protocol(variation_seed: int) -> dict[str, object]:
    """Returns the protocol of the tasks, for `to_markdown`."""
    return {
        "data": "universal synthetic spectra (Schuetzke et al. 2023): 500 classes with 50 "
        "training, 10 validation and 9 test spectra each; challenge 27 with 50, 10 and 6; "
        "noise-free",
        "seeds": "training and validation are drawn anew for each seed "
        f"({variation_seed} + seed), as are weights, triplets, noise and mixtures; the test "
        "spectra of the clean tasks are fixed",
        "paper's network": "its CNN, its triplets with a cut-off of 0.3, AdamW with steps; k of "
        "k-NN and smoothings chosen on the validation set; except for mixtures, anchors, "
        "positives and negatives share one batch normalisation",
        "noisy": "white noise of 0.02, a background of up to 1.0, cosmic rays; ours, not the "
        "benchmark's",
        "mixtures": "900 of each size, of classes 0 to 99, all components equally strong; the "
        "network is trained on classes 100 to 499",
        "unseen classes, mixtures": "20 training spectra per class, as in the authors' code; 50 in "
        "the random galleries",
        "peak models": "fitted to the same training spectra; designed with the clean test "
        "spectra of seed 0 in view",
    }


def to_markdown(table: pd.DataFrame, protocol: Mapping[str, object]) -> str:
    """Returns the report.

    Args:
        table: as `summary` returns it.
        protocol: facts that every number depends on, in the order to print.
    """
    return markdown_report(
        "Synthetic tasks",
        protocol,
        "## Conclusions",
        conclusions(table),
        "## Accuracy, percent",
        "Means ± standard deviations over seeds; the number of seeds in brackets. "
        "Printed figures are those of Vorozhtsov & Kitina (2024) and Schuetzke et al. (2023).",
        wide(table),
    )


def _title(task: TaskName, part: str, components: int, at_least: int) -> str:
    title = TITLES[task]
    if task == "mixtures":
        return f"{title} of {components}, at least {at_least} correct"
    return title if part == "all" else f"{title}: {part}"


def _cell(row: pd.Series) -> str:
    text = f"{row['mean']:.2f}" + ("" if pd.isna(row["sd"]) else f" ± {row['sd']:.2f}")
    if row["part"] == "random galleries":
        text += f", lowest {row['least']:.2f}"
    return text + f" [{row['seeds']}]"
