"""The identification report: tables and text.

What belongs here: aggregation and wording. What does not: the evaluation (see `evaluation`,
`open_set`, `mixture_evaluation`), figures (see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.markdown import markdown_report
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.identification.calibration import LIBRARY_PRIOR
from raman_pipeline.learning.identification.countries import CAVEAT
from raman_pipeline.learning.identification.results import UNKNOWN_BELOW

_PROTOCOLS = (
    ("ours, leave-one-specimen-out, whole library", "rank"),
    ("ours, leave-one-specimen-out, multi-specimen minerals", "rank_multi_specimen"),
    ("1-NN, first derivatives, leave-one-specimen-out, whole library", "rank_derivative"),
    (
        "1-NN, first derivatives, leave-one-specimen-out, multi-specimen minerals",
        "rank_derivative_multi_specimen",
    ),
    ("1-NN, min-max spectra, leave-one-specimen-out, whole library", "rank_min_max"),
    ("ours, leave-one-specimen-out, whole library, elements known", "rank_elements"),
    ("leaky: ours, leave-one-spectrum-out", "rank_leaky"),
)
BY_PROTOCOL = TableSchema(
    "identification_report",
    (
        Column("protocol", pa.string(), "method and what is left out", unique=True),
        Column("n", pa.int64(), "spectra"),
        Column("top1", pa.float64(), "top-1 accuracy", between=(0, 1)),
        Column("top5", pa.float64(), "top-5 accuracy", between=(0, 1)),
    ),
)
_ELEMENTS = (
    "With *elements known*, the elements from sodium on of the specimen's own MEASURED CHEMISTRY "
    "(IDEAL CHEMISTRY where it states none) are known, and that it holds no others; one "
    "contradiction to the formulae of a reference is tolerated, at a price in similarity that was "
    "chosen on these spectra. Probabilities are calibrated for it."
)
_SPECIMENS = [0, 1, 2, 4, 100]
_SPECIMEN_NAMES = ["1 other", "2 others", "3 or 4 others", "5 or more others"]


def accuracy_by_protocol(identified: pd.DataFrame) -> pd.DataFrame:
    """Returns `protocol`, `n`, `top1`, `top5`.

    Args:
        identified: an IDENTIFIED table.
    """
    return pd.DataFrame(
        [{"protocol": title, **_accuracy(identified, column)} for title, column in _PROTOCOLS]
    )


def accuracy_by_group(identified: pd.DataFrame) -> pd.DataFrame:
    """Returns the same for our method by number of other specimens and by laser."""
    lasers = identified["wavelength_nm"].map(
        lambda nm: "not stated" if pd.isna(nm) else f"{nm:.0f} nm"
    )
    others = pd.cut(identified["specimens"], _SPECIMENS, labels=_SPECIMEN_NAMES)
    rows = []
    for by, groups in (("specimens in the library", others), ("laser", lasers)):
        for name, group in identified.groupby(groups, observed=True):
            rows.append({"by": by, "group": name, **_accuracy(group, "rank")})
    return pd.DataFrame(rows)


def calibration_metrics(identified: pd.DataFrame) -> dict[str, float]:
    """Returns AUROC and Brier scores of the probabilities, and accuracies of the countries.

    Each query counts twice, with its mineral in the library and without; the two are weighted by
    the prior. A `_baseline` always predicts the mean.
    """
    from sklearn.metrics import roc_auc_score

    n = len(identified)
    correct = (identified["rank"] == 1).to_numpy(float)
    correct_elements = (identified["rank_elements"] == 1).to_numpy(float)
    outcome = np.concatenate([correct, np.zeros(n)])
    predicted = np.concatenate(
        [identified["probability"], identified["probability_without_mineral"]]
    )
    weight = np.concatenate([np.full(n, LIBRARY_PRIOR), np.full(n, 1 - LIBRARY_PRIOR)])
    rate = np.average(outcome, weights=weight)

    def auroc(rows: np.ndarray, column: str) -> float:
        values = np.concatenate([identified[column][rows], identified[f"{column}_without_mineral"]])
        labels = np.concatenate([np.ones(int(rows.sum())), np.zeros(n)])
        return float(roc_auc_score(labels, values)) if rows.any() else float("nan")

    everything = np.ones(n, dtype=bool)
    located = identified["country_rank"].notna()
    in_library = identified["in_library_probability"]
    without_mineral = identified["in_library_probability_without_mineral"]
    return {
        "auroc": auroc(everything, "in_library_probability"),
        "auroc_correct": auroc(correct == 1, "in_library_probability"),
        "auroc_best_score": auroc(everything, "best_score"),
        "unknown_flagged": float((without_mineral < UNKNOWN_BELOW).mean()),
        "known_flagged": float((in_library < UNKNOWN_BELOW).mean()),
        "brier_known": float(((identified["conditional_probability"] - correct) ** 2).mean()),
        "brier_known_baseline": float(correct.mean() * (1 - correct.mean())),
        "brier": float(np.average((predicted - outcome) ** 2, weights=weight)),
        "brier_baseline": float(rate * (1 - rate)),
        **_with_elements(identified, correct_elements),
        "queries": float(len(outcome)),
        "countries": float((identified.loc[located, "country_rank"] == 1).mean()),
        "countries_baseline": float((identified.loc[located, "country_rank_prior"] == 1).mean()),
        "countries_n": float(located.sum()),
    }


def _with_elements(identified: pd.DataFrame, correct: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    known = identified["in_library_probability_elements"]
    unknown = identified["in_library_probability_without_mineral_elements"]
    labels = np.repeat([1, 0], len(identified))
    error = identified["conditional_probability_elements"] - correct
    return {
        "auroc_elements": float(roc_auc_score(labels, np.concatenate([known, unknown]))),
        "unknown_flagged_elements": float((unknown < UNKNOWN_BELOW).mean()),
        "known_flagged_elements": float((known < UNKNOWN_BELOW).mean()),
        "brier_known_elements": float((error**2).mean()),
        "brier_known_elements_baseline": float(correct.mean() * (1 - correct.mean())),
    }


def open_set_auroc(open_set: pd.DataFrame) -> dict[str, float]:
    """Returns the AUROC of three scores for known minerals, and numbers of queries.

    Args:
        open_set: an OPEN_SET table.
    """
    from sklearn.metrics import roc_auc_score

    known = ~open_set["unknown"]
    counts = {"n_known": float(known.sum()), "n_unknown": float(open_set["unknown"].sum())}
    scores = ("in_library_probability", "best_score", "best_derivative_cosine")
    if not counts["n_unknown"]:
        return counts | dict.fromkeys(scores, float("nan"))
    return counts | {score: float(roc_auc_score(known, open_set[score])) for score in scores}


def mixtures_by_method(mixtures: pd.DataFrame) -> pd.DataFrame:
    """Returns `components`, `method`, `n`, `all_correct`, `any_correct`, `fraction_error`.

    Args:
        mixtures: a MIXTURES table.
    """
    rows = []
    for (components, method), group in mixtures.groupby(["components", "method"]):
        rows.append(
            {
                "components": components,
                "method": method,
                "n": len(group),
                "all_correct": (group["correct"] == components).mean(),
                "any_correct": (group["correct"] >= 1).mean(),
                "fraction_error": group["fraction_error"].mean(),
            }
        )
    return pd.DataFrame(rows)


def conclusions(identified: pd.DataFrame, mixtures: pd.DataFrame) -> list[str]:
    """Returns one sentence per protocol and size of mixture: which method is better."""
    ours, baseline = _accuracy(identified, "rank"), _accuracy(identified, "rank_derivative")
    word = "beats" if ours["top1"] > baseline["top1"] else "does not beat"
    lines = [
        f"Leave-one-specimen-out, whole library: ours {word} 1-NN on first-derivative spectra, "
        f"{ours['top1']:.3f} against {baseline['top1']:.3f} top-1, {ours['top5']:.3f} against "
        f"{baseline['top5']:.3f} top-5 (n = {ours['n']:,})."
    ]
    for components, rows in mixtures_by_method(mixtures).groupby("components"):
        best = rows.sort_values("all_correct", ascending=False)
        first, second = best.iloc[0], best.iloc[-1]
        lines.append(
            f"Mixtures of {components}: all minerals are correct for {first['all_correct']:.3f} by "
            f"{first['method']}, {second['all_correct']:.3f} by {second['method']} "
            f"(n = {first['n']:,})."
        )
    return lines


def to_markdown(
    identified: pd.DataFrame,
    open_set: pd.DataFrame,
    mixtures: pd.DataFrame,
    robust: pd.DataFrame,
    protocol: Mapping[str, object],
) -> str:
    """Returns the report.

    Args:
        identified: an IDENTIFIED table.
        open_set: an OPEN_SET table.
        mixtures: a MIXTURES table.
        robust: output of `robustness.by_condition`.
        protocol: facts that every number depends on, in the order to print.
    """
    metrics, auroc = calibration_metrics(identified), open_set_auroc(open_set)
    return markdown_report(
        "Identification report",
        protocol,
        "## Conclusions",
        conclusions(identified, mixtures),
        "## Accuracy",
        _rounded(accuracy_by_protocol(identified)),
        _ELEMENTS,
        "The leaky protocol is that of the literature: other spectra of the same specimen stay in "
        "the library. It measures re-identification of the same specimen.",
        _rounded(accuracy_by_group(identified)),
        "## Disturbed spectra",
        "Spectra as they were measured, disturbed, without their own specimens in the library. "
        "Plain: nearest spectrum by the cosine of first derivatives of min-max scaled, "
        "square-rooted spectra, on 100 to 1,299 cm⁻¹. Flagged: called unknown with the mineral in "
        "the library (known) and with the mineral left out (absent); AUROC of the two.",
        _rounded(robust),
        "## Open-set recognition and calibration",
        "Each spectrum is searched for twice: with its mineral in the library (leave-one-specimen-"
        "out), and with its whole mineral left out. Calibrations are cross-fitted: five folds, "
        "grouped by mineral.",
        [
            f"AUROC of the probability of being in the library: {_three(metrics['auroc'])}; "
            f"correctly identified spectra only: {_three(metrics['auroc_correct'])}; of the best "
            f"score alone (baseline): {_three(metrics['auroc_best_score'])}",
            f"Flagged as unknown: {metrics['unknown_flagged']:.3f} of the unknown, "
            f"{metrics['known_flagged']:.3f} of the known",
            f"Brier score of the best mineral, known minerals only: {metrics['brier_known']:.3f} "
            f"(predicting the mean accuracy: {metrics['brier_known_baseline']:.3f}); with one "
            f"query in {1 / (1 - LIBRARY_PRIOR):.0f} unknown: {metrics['brier']:.3f} "
            f"({metrics['brier_baseline']:.3f})",
        ],
        f"With the elements known: AUROC {_three(metrics['auroc_elements'])}; "
        f"flagged as unknown {metrics['unknown_flagged_elements']:.3f} of the unknown, "
        f"{metrics['known_flagged_elements']:.3f} of the known; Brier score of the best mineral "
        f"{metrics['brier_known_elements']:.3f} "
        f"({metrics['brier_known_elements_baseline']:.3f}).",
        "An easier setting is a library of the multi-specimen minerals alone: "
        f"{auroc['n_known']:,.0f} spectra of known minerals (leave-one-specimen-out) against "
        f"{auroc['n_unknown']:,.0f} spectra of minerals that neither the library nor the "
        "calibration has seen.",
        [
            f"AUROC of the probability of being in the library: "
            f"{_three(auroc['in_library_probability'])}; of the best score alone: "
            f"{_three(auroc['best_score'])}; of the best cosine of first derivatives (baseline): "
            f"{_three(auroc['best_derivative_cosine'])}"
        ],
        "## Countries",
        f"{CAVEAT} The most probable country is correct for {_three(metrics['countries'])} of "
        f"{metrics['countries_n']:,.0f} spectra; the most frequent country for "
        f"{_three(metrics['countries_baseline'])}.",
        "## Mixtures",
        "Sums of spectra of two and of three minerals, with random fractions of at least 0.2 of "
        "the height; their specimens are left out of the library. Fractions are of heights, not of "
        "mass; their error is the mean over mixtures whose minerals are all correct.",
        _rounded(mixtures_by_method(mixtures)),
    )


def _accuracy(identified: pd.DataFrame, column: str) -> dict[str, float]:
    rank = identified[column]
    return {
        "n": len(rank),
        "top1": float((rank <= 1).mean()),
        "top5": float((rank <= 5).mean()),
    }


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{c: frame[c].map(_three) for c in frame.select_dtypes("float").columns})


def _three(value: float) -> str:
    """Returns three digits; a dash where a mean is over nothing."""
    return "–" if np.isnan(value) else f"{value:.3f}"
