"""The reference spectra of a library: those of a mineral's name, and their peaks beside a query's.

What belongs here: what `raman-pipeline show` and the page say of references. What does not: the
search (see `identify`), finding peaks (see `spectra.peak_table`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.storage import StorePath, local_copy
from raman_pipeline.learning.identification.filters import SAME_LASER_NM
from raman_pipeline.learning.identification.identify import page_of
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.learning.identification.results import Identification
from raman_pipeline.spectra.peak_table import PeakTable, find_peaks, peak_table
from raman_pipeline.spectra.spectrum_files import ReadOptions

_NEAR_NAMES = 5


class NoReferenceError(InputError):
    """The library has no such mineral or spectrum; the message offers near names."""


@dataclass(frozen=True)
class References:
    """The spectra of a name.

    Attributes:
        name: of the mineral in the library.
        asked: the name that was asked for, which may be an older or newer one.
        rows: of the library.
    """

    name: str
    asked: str
    rows: tuple[int, ...]


def mineral_names(library: MineralLibrary) -> list[dict[str, Any]]:
    """Returns the names of a library, with other names of their specimens and counts of spectra."""
    spectra = np.bincount(library.mineral, minlength=len(library.minerals))
    others: list[set[str]] = [set() for _ in library.minerals]
    for specimen, mineral in enumerate(library.specimen_mineral):
        others[mineral].update(library.other_names[specimen])
    return [
        {"name": name, "also_named": sorted(also), "spectra": int(count)}
        for name, also, count in zip(library.minerals, others, spectra, strict=True)
    ]


def references_of(
    library: MineralLibrary, name: str, laser_nm: float | None = None
) -> list[References]:
    """Returns the spectra of a name, and those that RRUFF files under it as well.

    Args:
        library: reference spectra.
        name: of a mineral, in any case.
        laser_nm: only spectra of this laser, ±2 nm.

    Raises:
        NoReferenceError: there are none.
    """
    asked = name.strip().casefold()
    chosen = np.array([n.casefold() == asked for n in library.minerals])[library.mineral]
    also = [asked in (n.casefold() for n in names) for names in library.other_names]
    chosen |= np.array(also, dtype=bool)[library.specimen]
    if not chosen.any():
        known = {n.casefold(): n for n in library.minerals}
        known |= {n.casefold(): n for names in library.other_names for n in names}
        near = get_close_matches(asked, known, n=_NEAR_NAMES, cutoff=0.6)
        starts = [n for n in known if asked and n.startswith(asked)][:_NEAR_NAMES]
        offered = ", ".join(known[n] for n in dict.fromkeys(starts + near))
        raise NoReferenceError(
            f"{name}: no such mineral in the library; "
            + (f"near it: {offered}" if offered else "no name is near it")
        )
    if laser_nm is not None:
        lasers = sorted({float(nm) for nm in library.wavelength[chosen] if np.isfinite(nm)})
        chosen &= np.abs(library.wavelength - laser_nm) <= SAME_LASER_NM
        if not chosen.any():
            has = ", ".join(f"{nm:g}" for nm in lasers) or "none that is stated"
            raise NoReferenceError(f"{name}: no spectrum of {laser_nm:g} nm; lasers: {has}")
    rows = np.flatnonzero(chosen)
    return [
        References(
            library.minerals[m], name, tuple(int(r) for r in rows[library.mineral[rows] == m])
        )
        for m in np.unique(library.mineral[rows])
    ]


def row_of(library: MineralLibrary, member_id: str) -> int:
    """Returns the row of a spectrum.

    Raises:
        NoReferenceError: the library has none with this id.
    """
    try:
        return library.member_id.index(member_id)
    except ValueError as error:
        raise NoReferenceError(f"{member_id}: no such spectrum in the library") from error


def reference_json(
    library: MineralLibrary, row: int, places: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Returns what is known of a reference spectrum, with its peaks, as plain data.

    Args:
        library: reference spectra.
        row: of the library.
        places: locality by RRUFF id.
    """
    specimen = int(library.specimen[row])
    rruff_id, nm = library.specimens[specimen], float(library.wavelength[row])
    peaks = find_peaks(library.intensity[row], library.valid[row], library.grid)
    measured = library.grid[library.valid[row]]
    columns = zip(peaks.position, peaks.width, peaks.height, strict=True)
    return {
        "id": library.member_id[row],
        "mineral": library.minerals[library.mineral[row]],
        "also_named": list(library.other_names[specimen]),
        "rruff_id": rruff_id,
        "url": page_of(library, rruff_id),
        "laser_nm": nm if np.isfinite(nm) else None,
        "rating": library.ratings[row],
        "locality": (places or {}).get(rruff_id),
        "country": library.countries[specimen],
        "range_cm1": [float(measured[0]), float(measured[-1])] if measured.size else None,
        "peaks": [
            {"cm1": round(at, 1), "width_cm1": round(width, 1), "height": round(height, 3)}
            for at, width, height in columns
        ],
    }


def peaks_beside(library: MineralLibrary, query: Query, row: int) -> PeakTable:
    """Returns the peaks of a query beside those of a reference spectrum.

    Args:
        library: reference spectra.
        query: on the grid of the library.
        row: of the library.
    """
    return peak_table(
        query.intensity, query.valid, library.intensity[row], library.valid[row], library.grid
    )


def answer_json(
    library: MineralLibrary, found: Identification, options: ReadOptions
) -> dict[str, Any]:
    """Returns a result with the peak table against its best reference, as `--json` prints it.

    Args:
        library: of the identifier that found it.
        found: the result.
        options: how the file was read, for the settings.
    """
    data = found.as_json()
    data["settings"] = {**options.as_json(), **data["settings"]}
    best = found.minerals[0]
    near = best.nearest[0]
    reference = {"mineral": best.name, "rruff_id": near.rruff_id, "id": near.member_id}
    table = peaks_beside(library, found.query, near.row)
    return {**data, "peak_table": {"reference": reference, **table.as_json()}}


def places_beside(library_file: StorePath) -> dict[str, str]:
    """Returns the locality of each specimen from the table in the store of a library.

    Empty if the library is a file without a store.
    """
    path = library_file.with_name("located_specimens.parquet")
    if not path.exists():
        return {}
    import pyarrow.parquet as pq

    table = pq.read_table(local_copy(path), columns=["rruff_id", "locality"]).to_pydict()
    pairs = zip(table["rruff_id"], table["locality"], strict=True)
    return {rruff_id: locality for rruff_id, locality in pairs if rruff_id and locality}
