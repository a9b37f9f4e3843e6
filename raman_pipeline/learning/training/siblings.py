"""Siblings: other spectra of the same specimen, drawn on the device of the training.

What belongs here: the drawing. What does not: what is done with a sibling (see
`augmentation`, `denoising.objective`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class Siblings:
    """Draws spectra of the same specimen.

    Args:
        specimens: int64 [n], equal for spectra of one specimen.
        device: where rows come from and go to.
    """

    def __init__(self, specimens: npt.NDArray[np.int64], device: torch.device) -> None:
        order = np.argsort(specimens, kind="stable")
        _, first, of, count = np.unique(
            specimens[order], return_index=True, return_inverse=True, return_counts=True
        )
        start, size = np.empty_like(order), np.empty_like(order)
        start[order], size[order] = first[of], count[of]
        self._order = torch.from_numpy(order).to(device)
        self._start = torch.from_numpy(start).to(device)
        self._size = torch.from_numpy(size).to(device)

    def draw(self, rows: Tensor) -> Tensor:
        """Returns a random spectrum of each row's specimen (which may be the row), int64 [b]."""
        chosen = (torch.rand(len(rows), device=rows.device) * self._size[rows]).long()
        return self._order[self._start[rows] + chosen]
