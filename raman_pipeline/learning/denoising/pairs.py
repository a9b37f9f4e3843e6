"""Evaluation of denoisers on measured pairs: the RAW and the processed spectrum of one measurement.

RRUFF's processed spectra are RAW ones without their baseline; both of a pair contain nearly the
same noise. So a pair tests the effect of a denoiser on a baseline rather than on noise. Each
denoiser is evaluated on the RAW spectrum, uncorrected and baseline-corrected (arPLS, Baek et al.
2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.corpus import Corpus
from raman_pipeline.learning.denoising.evaluation import Denoiser
from raman_pipeline.spectra.baseline import baseline
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.tensor_file import SpectrumTensor

DENOISED_PAIRS = TableSchema(
    "denoised_pairs",
    (
        Column("method", pa.string(), "denoiser, or `nothing`"),
        Column(
            "baseline",
            pa.string(),
            "of the RAW spectrum before denoising",
            isin=("uncorrected", "corrected"),
        ),
        Column("pairs", pa.int32(), "number of RAW/Processed pairs"),
        Column("mse", pa.float64(), "mean squared error to the processed spectrum"),
        Column("correlation", pa.float64(), "mean with the processed spectrum", between=(-1, 1)),
    ),
    unique_together=("method", "baseline"),
)


def baseline_corrected(
    spectra: npt.NDArray[np.float32], step_cm1: float
) -> npt.NDArray[np.float32]:
    """Returns spectra without their arPLS baseline, 0 to 1 again, float32 [n, m]."""
    return np.stack([min_max(s - baseline(s, step_cm1)) for s in spectra]).astype(np.float32)


def held_out_pairs(
    spectra: pd.DataFrame, evaluation: Corpus, tensor: SpectrumTensor
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns the RAW and the processed spectra of the pairs in a corpus, each float32 [n, m].

    Args:
        spectra: `member_id`, `kind` and `paired_id` of a SPECTRA table.
        evaluation: the processed spectra to choose from.
        tensor: the intensities.
    """
    chosen = spectra["paired_id"].isin(evaluation.metadata["member_id"])
    raw = spectra[(spectra["kind"] == "RAW") & chosen]
    rows = (tensor.rows_of(raw[column].tolist()) for column in ("member_id", "paired_id"))
    before, after = (np.asarray(tensor.intensity[r]) for r in rows)
    return before, after


def evaluate_pairs(
    raw: npt.NDArray[np.float32],
    processed: npt.NDArray[np.float32],
    denoisers: Mapping[str, Denoiser],
    step_cm1: float,
) -> Iterator[dict[str, object]]:
    """Yields rows of DENOISED_PAIRS for no denoising and each denoiser; none without pairs.

    Args:
        raw: float32 [n, m], 0 to 1.
        processed: float32 [n, m], the same measurements.
        denoisers: name to denoiser.
        step_cm1: distance of two grid points, cm⁻¹.
    """
    if not len(raw):
        return
    corrected = baseline_corrected(raw, step_cm1)
    for state, spectra in (("uncorrected", raw), ("corrected", corrected)):
        for name, denoise in {"nothing": lambda x: x, **denoisers}.items():
            denoised = np.stack([min_max(s) for s in denoise(spectra)])
            yield {
                "method": name,
                "baseline": state,
                "pairs": len(raw),
                "mse": float(np.square(denoised - processed).mean()),
                "correlation": float(np.mean(_correlations(denoised, processed))),
            }


def _correlations(a: npt.NDArray, b: npt.NDArray) -> npt.NDArray[np.float64]:
    a, b = (v - v.mean(axis=1, keepdims=True) for v in (np.float64(a), np.float64(b)))
    size = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / np.maximum(size, 1e-12)
