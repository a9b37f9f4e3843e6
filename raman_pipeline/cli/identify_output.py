"""The output of `raman-pipeline identify`: text, CSV and figures.

What belongs here: how results are written. What does not: the command (see `cli.identify`), its
JSON, which is the results as plain data (see `learning.identification.identify`).
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from raman_pipeline.learning.identification.library import MineralLibrary
    from raman_pipeline.learning.identification.results import Identification, Nearest

_CSV_FIRST = ("file", "error", "verdict", "in_library_probability")
_CSV_MINERAL = ("mineral", "probability", "rruff_id", "similarity")
_CSV_LAST = (
    "warnings", "read", "preprocessing", "settings", "library", "library_version",
    "library_spectra", "library_minerals", "simulated", "citation",
)  # fmt: skip


SIMULATED = (
    "SIMULATED LIBRARY: its spectra are not measurements, so the answers say nothing about a real "
    "mineral; build a real library with `raman-pipeline build-library --profile rruff`"
)


@dataclass(frozen=True)
class Form:
    """How results are printed.

    Attributes:
        name: `text`, `json` or `csv`.
        top: number of minerals.
    """

    name: str
    top: int

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Prints what stands above all results.

        Args:
            facts: `Identifier.library_facts`.
        """
        if facts["simulated"]:
            print(SIMULATED, file=sys.stdout if self.name == "text" else sys.stderr)
        if self.name == "text":
            print("\n".join(head(facts)))
        elif self.name == "csv":
            write_csv_row(csv_columns(self.top))

    def unusable(self, file: str, error: str) -> None:
        """Prints that a file cannot be used: on standard error, and as an entry."""
        print(f"error: {error}", file=sys.stderr)
        if self.name == "json":
            print(json.dumps({"file": file, "error": error}, ensure_ascii=False))
        elif self.name == "csv":
            write_csv_row(csv_error(file, error, self.top))

    def answer(self, found: Identification, options: Mapping[str, Any]) -> None:
        """Prints a result.

        Args:
            found: the result.
            options: what the user said of the file.
        """
        data = found.as_json()
        data["settings"] = {**options, **data["settings"]}
        if self.name == "json":
            print(json.dumps(data, ensure_ascii=False))
        elif self.name == "csv":
            write_csv_row(csv_row(data, self.top))
        else:
            print("\n".join(lines(found, data["settings"])))


def head(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines above all results.

    Args:
        facts: `Identifier.library_facts`.
    """
    yield (
        f"library: {facts['file']}, version {facts['version']}, {facts['spectra']:,} spectra, "
        f"{facts['specimens']:,} specimens, {facts['minerals']:,} minerals"
    )
    if facts["searched_spectra"] < facts["spectra"]:
        yield (
            f"searched: {facts['searched_spectra']:,} of its spectra, "
            f"{facts['searched_minerals']:,} of its minerals"
        )
    yield f"cite: {facts['citation']}"


def lines(found: Identification, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines of one result.

    Args:
        found: the result.
        settings: what was chosen for it.
    """
    from raman_pipeline.learning.identification.countries import CAVEAT

    yield found.query.name
    read = found.query.read
    yield f"  read: {_read(read)}"
    yield from (f"  WARNING: {warning.text}" for warning in found.query.warnings)
    verdict = "UNKNOWN" if found.unknown else "known"
    yield f"  {verdict}: probability of being in the library {found.in_library:.0%}"
    for mineral in found.minerals:
        near = ", ".join(f"{n.rruff_id} ({_similarity(n)})" for n in mineral.nearest)
        yield f"  {mineral.probability:7.1%}  {mineral.name}: {near}"
    if found.minerals and found.minerals[0].nearest[0].url:
        yield f"  nearest: {found.minerals[0].nearest[0].url}"
    for mixture in found.mixtures:
        parts = " + ".join(
            f"{c.fraction:.0%} {c.mineral} ({c.specimen})" for c in mixture.components
        )
        yield f"  possible mixture: {parts}, fit {mixture.fit:.3f}"
    if found.countries:
        countries = ", ".join(f"{code} {p:.0%}" for code, p in found.countries)
        yield f"  countries: {countries}"
        yield f"    ({CAVEAT})"
    yield f"  preprocessing: {'; '.join(found.query.preprocessing)}"
    yield f"  settings: {_settings(settings)}"


def _similarity(near: Nearest) -> str:
    names = ", ".join(near.also_named)
    return f"{near.similarity:.3f}" + (f"; RRUFF also has it as {names}" if names else "")


def csv_columns(top: int) -> list[str]:
    """Returns the names of the columns of a CSV with the `top` minerals of each spectrum."""
    minerals = [f"{name}_{i}" for i in range(1, top + 1) for name in _CSV_MINERAL]
    return [*_CSV_FIRST, *minerals, *_CSV_LAST]


def csv_row(data: Mapping[str, Any], top: int) -> list[str]:
    """Returns the cells of one result.

    Args:
        data: `Identification.as_json()`.
        top: number of minerals.
    """
    minerals = [
        cell
        for mineral in data["minerals"]
        for near in mineral["nearest"][:1]
        for cell in (mineral["name"], mineral["probability"], near["rruff_id"], near["similarity"])
    ]
    minerals += [""] * (len(_CSV_MINERAL) * top - len(minerals))
    library = data["library"]
    cells = [
        data["file"],
        "",
        "unknown" if data["unknown"] else "known",
        data["in_library_probability"],
        *minerals,
        "; ".join(warning["text"] for warning in data["warnings"]),
        _read(data["read"]),
        "; ".join(data["preprocessing"]),
        _settings(data["settings"]),
        *(library[k] for k in ("file", "version", "spectra", "minerals", "simulated", "citation")),
    ]
    return [str(cell) for cell in cells]


def csv_error(file: str, error: str, top: int) -> list[str]:
    """Returns the cells of a file that cannot be used."""
    return [file, error, *[""] * (len(csv_columns(top)) - 2)]


def write_csv_row(cells: list[str]) -> None:
    """Writes cells to standard output."""
    csv.writer(sys.stdout, lineterminator="\n").writerow(cells)


def _read(read: Mapping[str, Any]) -> str:
    low, high = read["range_cm1"]
    what = ", ".join(filter(None, (read["format"], read["columns"])))
    laser = f", laser {read['laser_nm']:g} nm" if read["laser_nm"] else ""
    return f"{what}; {read['points_measured']:,} points, {low:g} to {high:g} cm⁻¹{laser}"


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in settings.items()
    )


def figure_name(name: str, drawn: set[str]) -> str:
    """Returns a file name that is unique in this run; folders may hold files of one name."""
    stem = free = Path(name).name.replace("#", "_")
    number = 1
    while free in drawn:
        number += 1
        free = f"{stem}-{number}"
    drawn.add(free)
    return f"{free}.png"


def draw(library: MineralLibrary, found: Identification, path: Path) -> None:
    """Writes the figure of a query and its references."""
    import numpy as np

    from raman_pipeline.common import atomic
    from raman_pipeline.plots.identification import query_and_references

    def shown(intensity: np.ndarray, valid: np.ndarray) -> np.ndarray:
        return np.where(valid, intensity, np.nan)

    references = []
    for mineral in found.minerals[:3]:
        near = mineral.nearest[0]
        spectrum = shown(library.intensity[near.row], library.valid[near.row])
        references.append((f"{mineral.name} {near.rruff_id}, {near.similarity:.3f}", spectrum))
    for mixture in found.mixtures[:1]:
        weights = [c.fraction for c in mixture.components]
        total = np.einsum("i,ij", weights, library.intensity[[c.row for c in mixture.components]])
        names = " + ".join(c.mineral for c in mixture.components)
        references.append((f"{names}, fit {mixture.fit:.3f}", total / total.max()))
    query = found.query
    figure = query_and_references(
        library.grid, shown(query.intensity, query.valid), references, Path(query.name).name
    )
    with atomic.replacing(path, "give --plot another folder") as temporary:
        figure.savefig(temporary, format="png", dpi=130)
