"""Denoisers on measured pairs: the RAW spectrum and the processed one of one scan.

What belongs here: judging on pairs. What does not: noise that was added (see `judgement`).

RRUFF's processed spectra are RAW ones without their background; in the pairs at hand they hold
nearly the same noise. So a pair tests what a denoiser does to a background rather than to
noise, and each denoiser is judged on the RAW spectrum as it is, and with the background
taken off first (asymmetrically reweighted penalised least squares, Baek et al. 2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.denoising.evaluation import Denoiser
from raman_pipeline.spectra.baseline import baseline
from raman_pipeline.spectra.normalise import min_max

PAIRS = TableSchema(
    "denoised_pairs",
    (
        Column("method", pa.string(), "denoiser, or `nothing`"),
        Column("background", pa.string(), "what was done to it first", isin=("kept", "taken off")),
        Column("pairs", pa.int32(), "pairs of RAW and processed spectra"),
        Column("mse", pa.float64(), "mean squared error to the processed spectrum"),
        Column("correlation", pa.float64(), "mean with the processed spectrum", between=(-1, 1)),
    ),
    unique_together=("method", "background"),
)


def baseline_corrected(
    spectra: npt.NDArray[np.float32], step_cm1: float
) -> npt.NDArray[np.float32]:
    """Returns spectra without their arPLS baseline, 0 to 1 again, float32 [n, m]."""
    return np.stack([min_max(s - baseline(s, step_cm1)) for s in spectra]).astype(np.float32)


def judge_pairs(
    raw: npt.NDArray[np.float32],
    processed: npt.NDArray[np.float32],
    denoisers: Mapping[str, Denoiser],
    step_cm1: float,
) -> Iterator[dict[str, object]]:
    """Yields rows of PAIRS for doing nothing and for each denoiser; none without pairs.

    Args:
        raw: float32 [n, m], 0 to 1.
        processed: float32 [n, m], the same scans.
        denoisers: name to denoiser.
        step_cm1: distance of two grid points, cm⁻¹.
    """
    if not len(raw):
        return
    for background, spectra in (("kept", raw), ("taken off", baseline_corrected(raw, step_cm1))):
        for name, denoise in {"nothing": lambda x: x, **denoisers}.items():
            found = np.stack([min_max(s) for s in denoise(spectra)])
            yield {
                "method": name,
                "background": background,
                "pairs": len(raw),
                "mse": float(np.square(found - processed).mean()),
                "correlation": float(np.mean(_correlations(found, processed))),
            }


def _correlations(a: npt.NDArray, b: npt.NDArray) -> npt.NDArray[np.float64]:
    a, b = (v - v.mean(axis=1, keepdims=True) for v in (np.float64(a), np.float64(b)))
    size = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / np.maximum(size, 1e-12)
