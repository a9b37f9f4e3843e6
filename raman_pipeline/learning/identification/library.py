"""The mineral library: reference spectra and what is known of them.

What belongs here: what is stored, and the order in which it lies. What does not: searching it
(see `search`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.derivatives import inner, slopes

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MineralLibrary:
    """Reference spectra, ordered by mineral, then by specimen.

    Attributes:
        intensity: float32 [n, m], 0 to 1.
        covered: bool [n, m], the points that each spectrum was measured at.
        slopes: float32 [n, m].
        grid: float64 [m], cm⁻¹.
        member_id: n ids.
        mineral: index into `minerals`, int64 [n], ascending.
        specimen: index into `specimens`, int64 [n], ascending.
        wavelength: float64 [n], nm; NaN where it is not stated.
        minerals: names.
        specimens: RRUFF ids, or the member's id where a spectrum has none.
        countries: ISO 3166 code of each specimen's country, None where it has none.
        fitted: numbers that make probabilities of similarities; empty before they are fitted.
    """

    intensity: npt.NDArray[np.float32]
    covered: npt.NDArray[np.bool_]
    slopes: npt.NDArray[np.float32]
    grid: npt.NDArray[np.float64]
    member_id: tuple[str, ...]
    mineral: Indices
    specimen: Indices
    wavelength: npt.NDArray[np.float64]
    minerals: tuple[str, ...]
    specimens: tuple[str, ...]
    countries: tuple[str | None, ...]
    fitted: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.member_id)

    @cached_property
    def covered_numbers(self) -> npt.NDArray[np.float32]:
        """`covered` as 0 and 1."""
        return self.covered.astype(np.float32)

    @cached_property
    def squares(self) -> npt.NDArray[np.float32]:
        """Squares of the slopes."""
        return self.slopes * self.slopes

    @cached_property
    def specimen_starts(self) -> Indices:
        """Where the spectra of each specimen begin."""
        return np.searchsorted(self.specimen, np.arange(len(self.specimens)))

    @cached_property
    def specimen_mineral(self) -> Indices:
        """The mineral of each specimen."""
        return self.mineral[self.specimen_starts]

    @cached_property
    def mineral_starts(self) -> Indices:
        """Where the specimens of each mineral begin."""
        return np.searchsorted(self.specimen_mineral, np.arange(len(self.minerals)))

    def to_state(self) -> ModelState:
        """Returns what is stored; slopes in half precision, which is enough for cosines."""
        arrays: dict[str, np.ndarray] = {
            "intensity": self.intensity,
            "covered": np.packbits(self.covered, axis=1),
            "slopes": self.slopes.astype(np.float16),
            "grid": self.grid,
            "mineral": self.mineral,
            "specimen": self.specimen,
            "wavelength": self.wavelength,
        }
        metadata = {
            "member_id": list(self.member_id),
            "minerals": list(self.minerals),
            "specimens": list(self.specimens),
            "countries": list(self.countries),
            "fitted": self.fitted,
        }
        return ModelState(arrays, metadata)

    @classmethod
    def from_state(cls, state: ModelState) -> MineralLibrary:
        """Reads what `to_state` gave."""
        arrays, metadata = state.arrays, state.metadata
        points = arrays["grid"].size
        return cls(
            arrays["intensity"],
            np.unpackbits(arrays["covered"], axis=1, count=points).astype(bool),
            arrays["slopes"].astype(np.float32),
            arrays["grid"],
            tuple(metadata["member_id"]),
            arrays["mineral"],
            arrays["specimen"],
            arrays["wavelength"],
            tuple(metadata["minerals"]),
            tuple(metadata["specimens"]),
            tuple(metadata["countries"]),
            metadata["fitted"],
        )


def build_library(
    intensity: npt.NDArray[np.float32],
    covered: npt.NDArray[np.bool_],
    grid: npt.NDArray[np.float64],
    rows: Sequence[dict[str, Any]],
) -> MineralLibrary:
    """Returns a library of named spectra.

    Args:
        intensity: float32 [n, m], 0 to 1, on a grid of 1 cm⁻¹.
        covered: bool [n, m].
        grid: float64 [m], cm⁻¹.
        rows: [n] with `member_id`, `mineral`, `rruff_id`, `wavelength_nm`, `country`.

    Raises:
        ValueError: a row has no mineral, or there is none.
    """
    if not rows:
        raise ValueError("a library needs spectra; there are none")
    if nameless := [r["member_id"] for r in rows if not r["mineral"]]:
        raise ValueError(f"{len(nameless)} spectra have no mineral, {nameless[0]} first")
    # A few ids stand with two minerals: under each they count as a specimen of its own.
    keys = [(r["mineral"], r["rruff_id"] or r["member_id"]) for r in rows]
    order = sorted(range(len(rows)), key=lambda i: (keys[i], rows[i]["member_id"]))
    specimens = sorted(set(keys))
    minerals = sorted({mineral for mineral, _ in specimens})
    index_of = {key: i for i, key in enumerate(specimens)}
    mineral_of = {name: i for i, name in enumerate(minerals)}
    country = {key: row["country"] for key, row in zip(keys, rows, strict=True)}
    kept = inner(covered[order])
    return MineralLibrary(
        np.ascontiguousarray(intensity[order]),
        kept,
        slopes(intensity[order], kept),
        grid,
        tuple(rows[i]["member_id"] for i in order),
        np.array([mineral_of[keys[i][0]] for i in order]),
        np.array([index_of[keys[i]] for i in order]),
        np.array([rows[i]["wavelength_nm"] for i in order], dtype=np.float64),
        tuple(minerals),
        tuple(rruff_id for _, rruff_id in specimens),
        tuple(country[key] for key in specimens),
    )
