"""Sampling of siblings, other spectra of the same specimen, on the training device."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class Siblings:
    """Samples spectra of the same specimen.

    Args:
        specimens: int64 [n], equal for spectra of one specimen.
        device: of the rows.
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
        """Returns a random spectrum of each row's specimen, possibly the row itself, int64 [b]."""
        chosen = (torch.rand(len(rows), device=rows.device) * self._size[rows]).long()
        return self._order[self._start[rows] + chosen]
