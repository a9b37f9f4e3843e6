"""The denoising report: errors by noise, measured pairs, as tables and text.

What belongs here: aggregation, verdicts and wording. What does not: the judging (see
`judgement`, `pairs`), figures (see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raman_pipeline.common.markdown import markdown_table

OURS = "autoencoder"


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Returns means over seeds by preset, noise and method, the least error first.

    Columns: `preset`, `noise`, `method`, `seeds`, `n`, `mse`, `mse_sd`, `snr_gain_db`,
    `peak_recall`, `false_peaks`, `peak_error_cm1`.

    Args:
        runs: DENOISING tables with a column `preset`.
    """
    grouped = runs.groupby(["preset", "noise", "method"], sort=False)
    columns = ["n", "mse", "snr_gain_db", "peak_recall", "false_peaks", "peak_error_cm1"]
    table = grouped[columns].mean()
    table.insert(0, "seeds", grouped.size())
    table.insert(3, "mse_sd", grouped["mse"].std(ddof=1))
    return table.reset_index().sort_values(["preset", "noise", "mse"], ignore_index=True)


def pair_summary(pairs: pd.DataFrame) -> pd.DataFrame:
    """Returns means over seeds by preset, background and method; empty without pairs.

    Args:
        pairs: PAIRS tables with columns `preset` and `seed`.
    """
    if pairs.empty:
        return pairs
    grouped = pairs.groupby(["preset", "background", "method"], sort=False)
    table = grouped[["pairs", "mse", "correlation"]].mean()
    table.insert(0, "seeds", grouped.size())
    return table.reset_index()


def verdicts(table: pd.DataFrame) -> list[str]:
    """Says, for each preset and noise, how the autoencoder stands to the best smoother."""
    lines = []
    for (preset, noise), rows in table.groupby(["preset", "noise"], sort=True):
        errors = rows.set_index("method")["mse"]
        smoothers = errors.drop([OURS, "nothing"])
        best, ratio = smoothers.idxmin(), errors[OURS] / smoothers.min()
        word = "beats" if ratio < 1 else "loses to"
        lines.append(
            f"noise {noise:g}, {preset} preset: the autoencoder (MSE {errors[OURS]:.2e}) {word} "
            f"the best smoother, {best} ({smoothers.min():.2e}), at {ratio:.2f} of its error"
            + ("" if errors[OURS] < errors["nothing"] else "; doing nothing is better than it")
            + "."
        )
    return lines


def to_markdown(table: pd.DataFrame, pairs: pd.DataFrame, protocol: Mapping[str, object]) -> str:
    """Returns the report: protocol, verdicts, added noise, measured pairs.

    Args:
        table: as `summary` returns it.
        pairs: as `pair_summary` returns it.
        protocol: facts that every number depends on, in the order to print.
    """
    lines = ["# Denoising report", "", "## Protocol", ""]
    lines += [f"- {key}: {value}" for key, value in protocol.items()]
    lines += ["", "## Verdict", "", *(f"- {line}" for line in verdicts(table))]
    lines += [
        "",
        "## Noise that was added",
        "",
        "Spectra of specimens that no training saw; Gaussian noise on spectra between 0 and 1. "
        "What counts as clean is the processed spectrum as measured. The smoothers are told the "
        "noise: each has, for each level, the setting of least error on training spectra. The "
        "autoencoder is not told.",
        "",
        *markdown_table(_cells(table)),
        "",
        "## Measured pairs",
        "",
    ]
    if pairs.empty:
        return "\n".join([*lines, "There are no pairs of RAW and processed spectra.", ""])
    lines += [
        "RAW and processed spectrum of one scan. They hold nearly the same noise and differ by "
        "the background, so that smoothing can only cost here; what it costs is shown.",
        "",
        *markdown_table(
            pairs.assign(
                pairs=pairs["pairs"].round().astype(int),
                mse=pairs["mse"].map("{:.2e}".format),
                correlation=pairs["correlation"].map("{:.4f}".format),
            )
        ),
        "",
    ]
    return "\n".join(lines)


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "preset": table["preset"],
            "noise": table["noise"].map("{:g}".format),
            "method": table["method"],
            "seeds": table["seeds"],
            "n": table["n"].round().astype(int),
            "MSE": table["mse"].map("{:.2e}".format),
            "SNR gain (dB)": table["snr_gain_db"].map("{:.2f}".format),
            "peaks found": table["peak_recall"].map("{:.3f}".format),
            "peaks added a spectrum": table["false_peaks"].map("{:.2f}".format),
            "peak error (cm⁻¹)": table["peak_error_cm1"].map("{:.2f}".format),
        }
    )
