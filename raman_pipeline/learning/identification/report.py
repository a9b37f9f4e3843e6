"""The identification report: tables and text.

What belongs here: aggregation, verdicts and wording. What does not: the judging (see `judgement`,
`mixture_judgement`), figures (see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics import roc_auc_score

from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.identification.confidence import KNOWN_PRIOR
from raman_pipeline.learning.identification.countries import CAVEAT

_PROTOCOLS = (
    ("ours, specimen left out, whole library", "rank"),
    ("ours, specimen left out, minerals with two specimens or more", "rank_repeated"),
    ("slopes of roots, specimen left out, whole library", "rank_slopes"),
    ("slopes of roots, specimen left out, the same minerals", "rank_slopes_repeated"),
    ("min-max spectra, specimen left out, whole library", "rank_plain"),
    ("leaky: ours, only the spectrum itself left out", "rank_leaky"),
)
BY_PROTOCOL = TableSchema(
    "identification_report",
    (
        Column("protocol", pa.string(), "what was left out, and who answered", unique=True),
        Column("n", pa.int64(), "spectra"),
        Column("top1", pa.float64(), "share named rightly", between=(0, 1)),
        Column("top5", pa.float64(), "share among the first five", between=(0, 1)),
    ),
)
_SPECIMENS = [0, 1, 2, 4, 100]
_SPECIMEN_NAMES = ["1 other", "2 others", "3 or 4 others", "5 or more others"]


def identified_by_protocol(judged: pd.DataFrame) -> pd.DataFrame:
    """Returns `protocol`, `n`, `top1`, `top5`.

    Args:
        judged: an IDENTIFIED table.
    """
    return pd.DataFrame(
        [{"protocol": title, **_tops(judged, column)} for title, column in _PROTOCOLS]
    )


def identified_by_group(judged: pd.DataFrame) -> pd.DataFrame:
    """Returns the same for ours by number of other specimens and by laser."""
    lasers = judged["wavelength_nm"].map(lambda nm: "not stated" if pd.isna(nm) else f"{nm:.0f} nm")
    others = pd.cut(judged["specimens"], _SPECIMENS, labels=_SPECIMEN_NAMES)
    rows = []
    for by, groups in (("specimens in the library", others), ("laser", lasers)):
        for name, group in judged.groupby(groups, observed=True):
            rows.append({"by": by, "group": name, **_tops(group, "rank")})
    return pd.DataFrame(rows)


def trust(judged: pd.DataFrame) -> dict[str, float]:
    """Returns what the probabilities are worth.

    Brier scores of the best mineral's chance; the base is that of saying always how often it is
    right. With unknown minerals among the queries these weigh as the prior says.
    """
    n = len(judged)
    right = (judged["rank"] == 1).to_numpy(float)
    truth = np.concatenate([np.ones(n), np.zeros(n)])
    outcome = np.concatenate([right, np.zeros(n)])
    said = np.concatenate([judged["score"], judged["score_without"]])
    weight = np.concatenate([np.full(n, KNOWN_PRIOR), np.full(n, 1 - KNOWN_PRIOR)])
    rate = np.average(outcome, weights=weight)

    def auroc(rows: np.ndarray, column: str) -> float:
        values = np.concatenate([judged[column][rows], judged[f"{column}_without"]])
        labels = np.concatenate([np.ones(int(rows.sum())), np.zeros(n)])
        return float(roc_auc_score(labels, values)) if rows.any() else float("nan")

    everything = np.ones(n, dtype=bool)
    placed = judged["country_rank"].notna()
    return {
        "auroc": auroc(everything, "known"),
        "auroc_rightly_named": auroc(right == 1, "known"),
        "auroc_best_similarity": auroc(everything, "best_similarity"),
        "unknown_flagged": float((judged["known_without"] < 0.5).mean()),
        "known_flagged": float((judged["known"] < 0.5).mean()),
        "brier_known": float(((judged["share"] - right) ** 2).mean()),
        "brier_known_base": float(right.mean() * (1 - right.mean())),
        "brier": float(np.average((said - outcome) ** 2, weights=weight)),
        "brier_base": float(rate * (1 - rate)),
        "queries": float(len(truth)),
        "countries": float((judged.loc[placed, "country_rank"] == 1).mean()),
        "countries_by_frequency": float((judged.loc[placed, "country_rank_prior"] == 1).mean()),
        "countries_n": float(placed.sum()),
    }


def absence(asked: pd.DataFrame) -> dict[str, float]:
    """Returns AUROC of three ways to tell absent minerals, with numbers of queries.

    Args:
        asked: an ABSENCE table.
    """
    there = ~asked["absent"]
    counts = {"n_held": float(there.sum()), "n_absent": float(asked["absent"].sum())}
    ways = ("known", "best_similarity", "best_slopes")
    if not counts["n_absent"]:
        return counts | dict.fromkeys(ways, float("nan"))
    return counts | {way: float(roc_auc_score(there, asked[way])) for way in ways}


def mixed_by_method(mixed: pd.DataFrame) -> pd.DataFrame:
    """Returns `components`, `method`, `n`, `all_right`, `one_right`, `share_error`.

    Args:
        mixed: a MIXED table.
    """
    rows = []
    for (components, method), group in mixed.groupby(["components", "method"]):
        rows.append(
            {
                "components": components,
                "method": method,
                "n": len(group),
                "all_right": (group["right"] == components).mean(),
                "one_right": (group["right"] >= 1).mean(),
                "share_error": group["share_error"].mean(),
            }
        )
    return pd.DataFrame(rows)


def verdicts(judged: pd.DataFrame, mixed: pd.DataFrame) -> list[str]:
    """Says who wins, for each protocol and size of mixture."""
    ours, plain = _tops(judged, "rank"), _tops(judged, "rank_slopes")
    word = "beats" if ours["top1"] > plain["top1"] else "does not beat"
    lines = [
        f"Of specimens left out, in the whole library, ours {word} 1-NN on slopes of roots: "
        f"{ours['top1']:.3f} against {plain['top1']:.3f} top-1, {ours['top5']:.3f} against "
        f"{plain['top5']:.3f} top-5 (n = {ours['n']:,})."
    ]
    for components, rows in mixed_by_method(mixed).groupby("components"):
        best = rows.sort_values("all_right", ascending=False)
        first, second = best.iloc[0], best.iloc[-1]
        lines.append(
            f"Mixtures of {components}: {first['method']} finds all minerals of "
            f"{first['all_right']:.3f}, {second['method']} of {second['all_right']:.3f} "
            f"(n = {first['n']:,})."
        )
    return lines


def to_markdown(
    judged: pd.DataFrame,
    asked: pd.DataFrame,
    mixed: pd.DataFrame,
    protocol: Mapping[str, object],
) -> str:
    """Returns the report.

    Args:
        judged: an IDENTIFIED table.
        asked: an ABSENCE table.
        mixed: a MIXED table.
        protocol: facts that every number depends on, in the order to print.
    """
    worth, absent = trust(judged), absence(asked)
    lines = ["# Identification report", "", "## Protocol", ""]
    lines += [f"- {key}: {value}" for key, value in protocol.items()]
    lines += ["", "## Verdict", "", *(f"- {line}" for line in verdicts(judged, mixed))]
    lines += [
        "",
        "## Right minerals",
        "",
        *markdown_table(_rounded(identified_by_protocol(judged))),
        "",
        "The leaky protocol is that of the literature: other spectra of the same stone stay in the "
        "library. It says how well a stone is recognised.",
        "",
        *markdown_table(_rounded(identified_by_group(judged))),
        "",
        "## Unknown minerals, and what the scores are worth",
        "",
        "Each spectrum is asked twice: with its mineral in the library (its specimen left out), "
        "and with its mineral left out. What is fitted was fitted on other minerals, in five "
        "folds.",
        "",
        f"- AUROC of the chance that the mineral is known: {worth['auroc']:.3f}; of those rightly "
        f"named {worth['auroc_rightly_named']:.3f}; of the best similarity alone (baseline) "
        f"{worth['auroc_best_similarity']:.3f}",
        f"- Called unknown: {worth['unknown_flagged']:.3f} of the unknown, "
        f"{worth['known_flagged']:.3f} of the known",
        f"- Brier score of the best mineral, known ones only: {worth['brier_known']:.3f} (always "
        f"saying how often it is right: {worth['brier_known_base']:.3f}); with unknown ones, one "
        f"in {1 / (1 - KNOWN_PRIOR):.0f}: {worth['brier']:.3f} ({worth['brier_base']:.3f})",
        "",
        "An easier question is asked of a library of the minerals with two specimens or more "
        f"alone: {absent['n_held']:,.0f} spectra of them, their specimens left out, and "
        f"{absent['n_absent']:,.0f} of all other minerals, which neither it nor what was fitted "
        "has seen.",
        "",
        f"- AUROC of the chance that the mineral is known: {absent['known']:.3f}; of the best "
        f"similarity alone {absent['best_similarity']:.3f}; of the best cosine of slopes of roots "
        f"(baseline) {absent['best_slopes']:.3f}",
        "",
        "## Countries",
        "",
        f"{CAVEAT} The likeliest country is right for {worth['countries']:.3f} of "
        f"{worth['countries_n']:,.0f} spectra; the commonest country for "
        f"{worth['countries_by_frequency']:.3f}.",
        "",
        "## Mixtures",
        "",
        "Spectra of two and of three minerals, added with random shares of at least 0.2 of the "
        "height; their specimens take no part in the search. Shares are of heights, not of mass; "
        "their error is the mean over mixtures whose minerals are all right.",
        "",
        *markdown_table(_rounded(mixed_by_method(mixed))),
        "",
    ]
    return "\n".join(lines)


def _tops(judged: pd.DataFrame, column: str) -> dict[str, float]:
    rank = judged[column]
    return {
        "n": len(rank),
        "top1": float((rank <= 1).mean()),
        "top5": float((rank <= 5).mean()),
    }


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    shown = {c: frame[c].map("{:.3f}".format) for c in frame.select_dtypes("float").columns}
    return frame.assign(**shown)
