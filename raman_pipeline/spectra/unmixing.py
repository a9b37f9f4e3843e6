"""Linear unmixing: spectra as non-negative sums of reference spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


def nonnegative_weights(references: Floats, spectra: Floats) -> npt.NDArray[np.float64]:
    """Returns the weights of least squared error, none negative, float64 [n, k].

    Non-negative least squares (Lawson & Hanson 1974).

    Args:
        references: [k, m].
        spectra: [n, m].
    """
    from scipy.optimize import nnls

    columns = np.asarray(references, dtype=np.float64).T
    return np.stack([nnls(columns, np.asarray(s, dtype=np.float64))[0] for s in spectra])
