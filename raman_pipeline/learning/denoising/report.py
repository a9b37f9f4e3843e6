"""The denoising report: added noise and measured pairs, as tables and text.

What belongs here: aggregation and wording. What does not: the evaluation (see `evaluation`,
`pairs`), figures (see `raman_pipeline.plots`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raman_pipeline.common.markdown import markdown_report

AUTOENCODER = "autoencoder"


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Returns means over seeds by preset, noise and method, in order of the error.

    Columns: `preset`, `noise`, `method`, `seeds`, `n`, `mse`, `mse_sd`, `snr_gain_db`,
    `peak_recall`, `false_peaks`, `peak_error_cm1`.

    Args:
        runs: DENOISING_RUNS tables with a column `preset`.
    """
    grouped = runs.groupby(["preset", "noise", "method"], sort=False)
    columns = ["n", "mse", "snr_gain_db", "peak_recall", "false_peaks", "peak_error_cm1"]
    table = grouped[columns].mean()
    table.insert(0, "seeds", grouped.size())
    table.insert(3, "mse_sd", grouped["mse"].std(ddof=1))
    return table.reset_index().sort_values(["preset", "noise", "mse"], ignore_index=True)


def pair_summary(pairs: pd.DataFrame) -> pd.DataFrame:
    """Returns means over seeds by preset, baseline and method; empty without pairs.

    Args:
        pairs: DENOISED_PAIRS tables with columns `preset` and `seed`.
    """
    if pairs.empty:
        return pairs
    grouped = pairs.groupby(["preset", "baseline", "method"], sort=False)
    table = grouped[["pairs", "mse", "correlation"]].mean()
    table.insert(0, "seeds", grouped.size())
    return table.reset_index()


def conclusions(table: pd.DataFrame) -> list[str]:
    """Returns, per preset and noise level, the autoencoder compared with the best smoother.

    Args:
        table: as `summary` returns it.
    """
    lines = []
    for (preset, noise), rows in table.groupby(["preset", "noise"], sort=True):
        errors = rows.set_index("method")["mse"]
        smoothers = errors.drop([AUTOENCODER, "nothing"])
        best, ratio = smoothers.idxmin(), errors[AUTOENCODER] / smoothers.min()
        verb = "beats" if ratio < 1 else "loses to"
        worse = errors[AUTOENCODER] >= errors["nothing"]
        lines.append(
            f"noise {noise:g}, {preset} preset: the autoencoder (MSE {errors[AUTOENCODER]:.2e}) "
            f"{verb} the best smoother, {best} ({smoothers.min():.2e}), with {ratio:.2f} times its "
            f"error{'; no denoising is better than the autoencoder' if worse else ''}."
        )
    return lines


def to_markdown(table: pd.DataFrame, pairs: pd.DataFrame, protocol: Mapping[str, object]) -> str:
    """Returns the report: protocol, conclusions, added noise, measured pairs.

    Args:
        table: as `summary` returns it.
        pairs: as `pair_summary` returns it.
        protocol: facts that every number depends on, in the order to print.
    """
    return markdown_report(
        "Denoising report",
        protocol,
        "## Conclusions",
        conclusions(table),
        "## Added noise",
        "Spectra of held-out specimens; Gaussian noise on spectra between 0 and 1. The reference "
        "is the processed spectrum as measured. Each smoother is tuned per noise level on "
        "training spectra; the autoencoder is not given the noise level.",
        _cells(table),
        "## Measured pairs",
        "RAW and processed spectrum of one measurement. Both contain nearly the same noise and "
        "differ by the baseline, so smoothing can only increase the error; the table shows by how "
        "much.",
        _pair_cells(pairs) if len(pairs) else "There are no RAW/Processed pairs.",
    )


def _pair_cells(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(
        pairs=pairs["pairs"].round().astype(int),
        mse=pairs["mse"].map("{:.2e}".format),
        correlation=pairs["correlation"].map("{:.4f}".format),
    )


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
            "peak recall": table["peak_recall"].map("{:.3f}".format),
            "false peaks per spectrum": table["false_peaks"].map("{:.2f}".format),
            "peak error (cm⁻¹)": table["peak_error_cm1"].map("{:.2f}".format),
        }
    )
