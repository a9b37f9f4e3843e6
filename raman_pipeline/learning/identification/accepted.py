"""Mixtures step by step: minerals that the user accepts are fitted out, the rest is searched.

Of each accepted mineral one reference spectrum is chosen, and one shift of the axis, by the cosine
of derivatives with what those before it leave; the weights are of non-negative least squares on
derivatives, which ignore a background, as in `mixtures`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.derivatives import normalised_derivatives
from raman_pipeline.learning.identification.library import Indices, MineralLibrary
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.spectra.derivatives import derivative_spectra
from raman_pipeline.spectra.quality import QualityWarning
from raman_pipeline.spectra.unmixing import nonnegative_weights

Floats = npt.NDArray[np.float32]

_SIGMA = 4.0
_NOTHING, _LITTLE = 0.005, 0.1
"""A share, and what is unexplained of nearly half of the single minerals and few mixtures."""
_SHIFTS = range(-6, 7)
"""Of the axis, grid points of 1 cm⁻¹; those that the search tries, more finely."""


@dataclass(frozen=True)
class Part:
    """An accepted mineral.

    Attributes:
        mineral: its name.
        specimen: of the reference spectrum that was fitted.
        member_id: of that spectrum.
        share: of the sum of the heights of the strongest bands, that of the rest included, 0 to 1.
    """

    mineral: str
    specimen: str
    member_id: str
    share: float


@dataclass(frozen=True)
class Accepted:
    """What accepted minerals explain of a spectrum, and what they leave.

    Attributes:
        parts: the accepted minerals, in the order of the user.
        left: share of the strongest band of the rest, 0 to 1.
        unexplained: share of the squared slopes of the spectrum that the sum does not explain.
        rest: the spectrum without them, as a query.
    """

    parts: tuple[Part, ...]
    left: float
    unexplained: float
    rest: Query

    def as_json(self) -> dict[str, Any]:
        """Returns plain data, without the spectrum."""
        return {
            "minerals": [
                {
                    "name": part.mineral,
                    "rruff_id": part.specimen,
                    "id": part.member_id,
                    "share": round(part.share, 3),
                }
                for part in self.parts
            ],
            "left": round(self.left, 3),
            "unexplained": round(self.unexplained, 3),
        }


def fit_out(library: MineralLibrary, query: Query, choices: Sequence[Indices]) -> Accepted:
    """Returns what is left of a spectrum once accepted minerals are subtracted.

    Args:
        library: reference spectra.
        query: the spectrum, on the grid of the library.
        choices: rows of the library to choose from, of each accepted mineral.
    """
    target = derivative_spectra(query.intensity[None], _SIGMA)[0] * query.valid
    slopes: list[Floats] = []
    curves: list[Floats] = []
    chosen: list[int] = []
    weights, left, valid = np.zeros(0), target, query.valid
    for rows in choices:
        shifts = np.repeat(_SHIFTS, len(rows))
        rows = np.tile(rows, len(_SHIFTS))
        shifted = _shifted(library.intensity[rows], shifts)
        covered = _shifted(library.valid[rows], shifts)
        slope = derivative_spectra(shifted, _SIGMA) * (covered & query.valid)
        norms = np.maximum(np.linalg.norm(slope, axis=1), 1e-9)
        best = int(np.argmax(slope @ left / norms))
        chosen.append(int(rows[best]))
        slopes.append(slope[best])
        curves.append(shifted[best])
        valid = valid & covered[best]
        weights = nonnegative_weights(np.stack(slopes), target[None])[0]
        left = (target - weights @ np.stack(slopes)).astype(np.float32)
    rest = np.maximum(query.intensity - weights @ np.stack(curves), 0) * valid
    height = float(rest.max())
    total = max(float(weights.sum()) + height, 1e-9)
    scaled = (rest / max(height, 1e-9)).astype(np.float32)
    parts = tuple(
        Part(
            library.minerals[library.mineral[row]],
            library.specimens[library.specimen[row]],
            library.member_id[row],
            float(weight) / total,
        )
        for row, weight in zip(chosen, weights, strict=True)
    )
    unexplained = float((left**2).sum() / max(float((target**2).sum()), 1e-12))
    said = ", ".join(f"{part.mineral} {part.share:.0%}" for part in parts)
    return Accepted(
        parts,
        height / total,
        unexplained,
        replace(
            query,
            intensity=scaled,
            valid=valid,
            derivatives=normalised_derivatives(scaled[None], valid[None])[0],
            preprocessing=(
                *query.preprocessing,
                f"accepted minerals subtracted: {said}; left {height / total:.0%}",
            ),
            warnings=(*_warnings(parts, unexplained), *query.warnings),
        ),
    )


def _warnings(parts: Sequence[Part], unexplained: float) -> Iterator[QualityWarning]:
    for part in parts:
        if part.share < _NOTHING:
            text = f"{part.mineral} was accepted, but nothing of it is in the spectrum"
            yield QualityWarning("accepted_absent", text)
    if unexplained < _LITTLE:
        text = (
            f"the accepted minerals explain all but {unexplained:.0%}: as much differs between "
            "specimens of one mineral, so the rest may be no mineral"
        )
        yield QualityWarning("little_left", text)


def _shifted(values: npt.NDArray[Any], shifts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Returns rows moved along the grid, zero where nothing moves in; [n, m]."""
    moved = np.zeros_like(values)
    for shift in np.unique(shifts):
        rows = shifts == shift
        if shift > 0:
            moved[rows, shift:] = values[rows, :-shift]
        elif shift < 0:
            moved[rows, :shift] = values[rows, -shift:]
        else:
            moved[rows] = values[rows]
    return moved
