"""The mineral library: reference spectra, their labels, and the fitted parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.hashing import arrays_version
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.preparation import GRID, comparable, on_grid
from raman_pipeline.rruff.chemistry import ELEMENTS, compositions
from raman_pipeline.spectra.spikes import without_spikes

if TYPE_CHECKING:
    import pandas as pd

    from raman_pipeline.spectra.resample import Ragged

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FORMAT_VERSION = 6
SEARCH_STEP = 2
"""Grid points between those that are compared: derivatives are smoothed by 5 of them."""
_BY_ROW = (
    "intensity", "valid", "derivatives", "wavelength", "ideal_elements", "measured_elements",
)  # fmt: skip
OWN = "own:"
"""What ids of spectra and specimens of an own library start with (see `own`)."""
_NAMELESS = "unknown"
"""RRUFF's name of minerals that are not identified yet."""
_TRACES = 0.01
"""Share of the atoms below which an element of the measured chemistry is left out."""
REBUILD = "rebuild it with `raman-pipeline build-library` and its `--profile`"


class LibraryError(InputError):
    """There is no mineral library, or it cannot be used."""


@dataclass(frozen=True)
class MineralLibrary:
    """Reference spectra, ordered by mineral, then by specimen.

    Attributes:
        intensity: without their lower envelopes, float32 [n, m], 0 to 1.
        valid: bool [n, m], the points at which each spectrum is compared.
        derivatives: locally normalised first-derivative spectra, float32 [n, m].
        grid: float64 [m], cm⁻¹.
        member_id: n ids.
        mineral: index into `minerals`, int64 [n], ascending.
        specimen: index into `specimens`, int64 [n], ascending.
        wavelength: float64 [n], nm; NaN if not stated.
        ideal_elements: of the ideal chemistry of each spectrum's specimen, bool [n, ELEMENTS].
        measured_elements: of its measured chemistry, the ideal one where none is stated; those
            below 1% of the atoms left out.
        ratings: n names of RRUFF's ratings, such as `excellent`; empty if not known.
        minerals: names.
        specimens: RRUFF ids, or the member id of a spectrum without one.
        countries: ISO 3166 code of each specimen's country, None if unknown.
        other_names: names of minerals under which RRUFF files copies of the spectra of each
            specimen; mostly none.
        simulated: whether any of the spectra is simulated.
        fitted: parameters of the calibrations, without and with known elements, and of the
            countries; empty before the fit.
    """

    intensity: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]
    derivatives: npt.NDArray[np.float32]
    grid: npt.NDArray[np.float64]
    member_id: tuple[str, ...]
    mineral: Indices
    specimen: Indices
    wavelength: npt.NDArray[np.float64]
    ideal_elements: Mask
    measured_elements: Mask
    ratings: tuple[str, ...]
    minerals: tuple[str, ...]
    specimens: tuple[str, ...]
    countries: tuple[str | None, ...]
    other_names: tuple[tuple[str, ...], ...]
    simulated: bool = False
    fitted: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.member_id)

    @cached_property
    def version(self) -> str:
        """A short hash of the content."""
        state = self.to_state()
        return arrays_version(state.arrays, json.dumps(state.metadata, sort_keys=True))[:12]

    @cached_property
    def sampled(self) -> npt.NDArray[np.float32]:
        """The derivatives at every `SEARCH_STEP`-th point, [n, m / SEARCH_STEP]."""
        return np.ascontiguousarray(self.derivatives[:, ::SEARCH_STEP])

    @cached_property
    def valid_weights(self) -> npt.NDArray[np.float32]:
        """`valid` as 0 and 1, at the same points."""
        return self.valid[:, ::SEARCH_STEP].astype(np.float32)

    @cached_property
    def squares(self) -> npt.NDArray[np.float32]:
        """Squares of the derivatives at the same points."""
        return self.sampled * self.sampled

    @cached_property
    def specimen_starts(self) -> Indices:
        """Index of the first spectrum of each specimen."""
        return np.searchsorted(self.specimen, np.arange(len(self.specimens)))

    @cached_property
    def specimen_mineral(self) -> Indices:
        """The mineral of each specimen."""
        return self.mineral[self.specimen_starts]

    @cached_property
    def mineral_starts(self) -> Indices:
        """Index of the first specimen of each mineral."""
        return np.searchsorted(self.specimen_mineral, np.arange(len(self.minerals)))

    def subset(self, rows: Mask) -> MineralLibrary:
        """Returns the library of some of the spectra, with the same parameters.

        Args:
            rows: bool [n], at least one of them true.
        """
        specimens, specimen = np.unique(self.specimen[rows], return_inverse=True)
        minerals, mineral = np.unique(self.mineral[rows], return_inverse=True)
        return replace(
            self,
            **{name: getattr(self, name)[rows] for name in _BY_ROW},
            member_id=tuple(compress(self.member_id, rows)),
            ratings=tuple(compress(self.ratings, rows)),
            mineral=mineral,
            specimen=specimen,
            minerals=tuple(self.minerals[i] for i in minerals),
            specimens=tuple(self.specimens[i] for i in specimens),
            countries=tuple(self.countries[i] for i in specimens),
            other_names=tuple(self.other_names[i] for i in specimens),
        )

    def joined(self, other: MineralLibrary) -> MineralLibrary:
        """Returns the spectra of both, with the fitted parameters of this library.

        Args:
            other: on the same grid; its specimens are others.
        """
        both = (self, other)
        minerals = sorted({*self.minerals, *other.minerals})
        number = {name: i for i, name in enumerate(minerals)}
        mineral = [np.array([number[n] for n in one.minerals])[one.mineral] for one in both]
        specimen = np.concatenate([self.specimen, other.specimen + len(self.specimens)])
        order = np.lexsort((specimen, np.concatenate(mineral)))
        starts = np.diff(specimen[order], prepend=-1) != 0

        def of_rows(name: str) -> tuple[Any, ...]:
            values = [*getattr(self, name), *getattr(other, name)]
            return tuple(values[i] for i in order)

        def of_specimens(name: str) -> tuple[Any, ...]:
            values = [*getattr(self, name), *getattr(other, name)]
            return tuple(values[i] for i in specimen[order][starts])

        arrays: dict[str, Any] = {
            name: np.concatenate([getattr(one, name) for one in both])[order] for name in _BY_ROW
        }
        return replace(
            self,
            **arrays,
            member_id=of_rows("member_id"),
            ratings=of_rows("ratings"),
            mineral=np.concatenate(mineral)[order],
            specimen=np.cumsum(starts) - 1,
            minerals=tuple(minerals),
            specimens=of_specimens("specimens"),
            countries=of_specimens("countries"),
            other_names=of_specimens("other_names"),
        )

    def to_state(self) -> ModelState:
        """Returns the stored form; spectra in half precision, which is enough for cosines."""
        arrays: dict[str, np.ndarray] = {
            "intensity": self.intensity.astype(np.float16),
            "valid": np.packbits(self.valid, axis=1),
            "derivatives": self.derivatives.astype(np.float16),
            "grid": self.grid,
            "mineral": self.mineral,
            "specimen": self.specimen,
            "wavelength": self.wavelength,
            "ideal_elements": np.packbits(self.ideal_elements, axis=1),
            "measured_elements": np.packbits(self.measured_elements, axis=1),
        }
        metadata = {
            "format_version": FORMAT_VERSION,
            "member_id": list(self.member_id),
            "ratings": list(self.ratings),
            "minerals": list(self.minerals),
            "specimens": list(self.specimens),
            "countries": list(self.countries),
            "other_names": [list(names) for names in self.other_names],
            "simulated": self.simulated,
            "fitted": self.fitted,
        }
        return ModelState(arrays, metadata)

    @classmethod
    def from_state(cls, state: ModelState) -> MineralLibrary:
        """Reads the output of `to_state`.

        Raises:
            LibraryError: the library has another format version.
        """
        arrays, metadata = state.arrays, state.metadata
        version = metadata.get("format_version", 1)
        if version != FORMAT_VERSION:
            raise LibraryError(
                f"the mineral library has format version {version}, and this version of "
                f"raman_pipeline reads {FORMAT_VERSION}; {REBUILD}"
            )
        return cls(
            arrays["intensity"].astype(np.float32),
            _unpacked(arrays["valid"], arrays["grid"].size),
            arrays["derivatives"].astype(np.float32),
            arrays["grid"],
            tuple(metadata["member_id"]),
            arrays["mineral"],
            arrays["specimen"],
            arrays["wavelength"],
            _unpacked(arrays["ideal_elements"], len(ELEMENTS)),
            _unpacked(arrays["measured_elements"], len(ELEMENTS)),
            tuple(metadata["ratings"]),
            tuple(metadata["minerals"]),
            tuple(metadata["specimens"]),
            tuple(metadata["countries"]),
            tuple(tuple(names) for names in metadata["other_names"]),
            metadata["simulated"],
            metadata["fitted"],
        )


def searchable(spectra: pd.DataFrame) -> pd.Series:
    """Returns which spectra belong in a library, bool.

    All processed ones with the name of a mineral; RAW ones of minerals that have no others.

    Args:
        spectra: `kind` and `mineral` of a SPECTRA table.
    """
    named = spectra["mineral"].notna() & (spectra["mineral"].str.casefold() != _NAMELESS)
    processed = named & (spectra["kind"] == "Processed")
    missing = ~spectra["mineral"].isin(spectra.loc[processed, "mineral"])
    return processed | (named & missing)


def library_of_tables(
    spectra: pd.DataFrame, measured: Iterable[Ragged], specimens: pd.DataFrame
) -> MineralLibrary:
    """Returns a library of the spectra that belong in it.

    Args:
        spectra: `member_id`, `mineral`, `kind`, `rruff_id`, `wavelength_nm`, `archive`, `copies`,
            `ideal_chemistry` and `measured_chemistry` of a SPECTRA table.
        measured: their points, in batches.
        specimens: `rruff_id` and `iso_a2` of a LOCATED_SPECIMENS table.
    """
    kept = searchable(spectra)
    countries = specimens[["rruff_id", "iso_a2"]].rename(columns={"iso_a2": "country"})
    rows = spectra[kept].merge(countries, on="rruff_id", how="left")
    country = rows["country"].astype(object)
    # RRUFF files spectra by rating: `excellent_oriented`, `fair_unoriented`, `LR-Raman`.
    rating = rows["archive"].str.partition("_")[0].str.lower()
    rows = rows.assign(country=country.where(country.notna(), None), rating=rating)
    found = (batch.spectrum(i) for batch in measured for i in range(len(batch)))
    on_grids = [on_grid(x, without_spikes(x, y[None])[0], GRID) for x, y in compress(found, kept)]
    values, measured = zip(*on_grids, strict=True)
    intensity, inside = np.concatenate(values), np.stack(measured)
    return build_library(intensity, inside, GRID, rows.to_dict("records"))


def build_library(
    intensity: npt.NDArray[np.float32],
    measured: npt.NDArray[np.bool_],
    grid: npt.NDArray[np.float64],
    rows: Sequence[dict[str, Any]],
) -> MineralLibrary:
    """Returns a library of named spectra.

    Args:
        intensity: float32 [n, m], 0 to 1, on a grid of 1 cm⁻¹; baselines may stay.
        measured: bool [n, m], the points within the range of each spectrum.
        grid: float64 [m], cm⁻¹.
        rows: [n] with `member_id`, `mineral`, `rruff_id`, `wavelength_nm`, `country`; where they
            are known `rating`, `ideal_chemistry`, `measured_chemistry`, `copies`.

    Raises:
        ValueError: a row has no mineral, or there are no rows.
    """
    if not rows:
        raise ValueError("a library needs spectra; there are none")
    if nameless := [r["member_id"] for r in rows if not r["mineral"]]:
        raise ValueError(f"{len(nameless)} spectra have no mineral, {nameless[0]} first")
    # A few ids are filed under two minerals: under each they count as a separate specimen.
    keys = [(r["mineral"], r["rruff_id"] or r["member_id"]) for r in rows]
    order = sorted(range(len(rows)), key=lambda i: (keys[i], rows[i]["member_id"]))
    specimens = sorted(set(keys))
    minerals = sorted({mineral for mineral, _ in specimens})
    index_of = {key: i for i, key in enumerate(specimens)}
    mineral_of = {name: i for i, name in enumerate(minerals)}
    country = {key: row["country"] for key, row in zip(keys, rows, strict=True)}
    others: dict[tuple[str, str], set[str]] = {key: set() for key in keys}
    for key, row in zip(keys, rows, strict=True):
        others[key].update(_names_of_copies(row))
    flat, valid, derivatives = comparable(intensity[order], measured[order])
    ideal, measured_elements = _elements([rows[i] for i in order])
    return MineralLibrary(
        flat,
        valid,
        derivatives,
        grid,
        tuple(rows[i]["member_id"] for i in order),
        np.array([mineral_of[keys[i][0]] for i in order]),
        np.array([index_of[keys[i]] for i in order]),
        np.array([rows[i]["wavelength_nm"] for i in order], dtype=np.float64),
        ideal,
        measured_elements,
        tuple(rows[i].get("rating") or "" for i in order),
        tuple(minerals),
        tuple(rruff_id for _, rruff_id in specimens),
        tuple(country[key] for key in specimens),
        tuple(tuple(sorted(others[key])) for key in specimens),
    )


def _unpacked(bits: npt.NDArray[np.uint8], count: int) -> Mask:
    return np.unpackbits(bits, axis=1, count=count).astype(bool)


def _elements(rows: Sequence[dict[str, Any]]) -> tuple[Mask, Mask]:
    """Returns which elements the ideal and the measured formulae hold, bool [n, ELEMENTS]."""
    formulae = [(_text(r, "ideal_chemistry"), _text(r, "measured_chemistry")) for r in rows]
    distinct = sorted({formula for pair in formulae for formula in pair})
    shares = dict(zip(distinct, compositions(distinct), strict=True))
    ideal = np.array([shares[formula] for formula, _ in formulae])
    measured = np.array([shares[formula] for _, formula in formulae])
    stated = measured.any(axis=1, keepdims=True)
    return ideal > 0, np.where(stated, measured >= _TRACES, ideal > 0)


def _names_of_copies(row: dict[str, Any]) -> set[str]:
    """Returns the minerals in the file names of the copies of a spectrum, less its own."""
    files = _text(row, "copies").splitlines()
    names = {file.rpartition("/")[2].partition("__")[0] for file in files}
    return {n for n in names if n.casefold() not in (_NAMELESS, row["mineral"].casefold())}


def _text(row: dict[str, Any], column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else ""
