"""The output of `raman-pipeline identify`: text, CSV, JSON lines, figures and pages.

What belongs here: how results are written. What does not: the command (see `cli.identify`), what
JSON and the others say of a result (see `learning.identification.references.answer_json`).
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raman_pipeline.common.wording import size_of

if TYPE_CHECKING:
    from raman_pipeline.learning.identification.library import MineralLibrary
    from raman_pipeline.learning.identification.results import Identification, Nearest

_CSV_FIRST = ("file", "error", "verdict", "in_library_probability")
_PEAKS_SHOWN = 6
_CSV_MINERAL = ("mineral", "probability", "rruff_id", "similarity")
_CSV_LAST = (
    "peaks_matched", "peaks_shifted", "peaks_missing", "peaks_unexplained", "peaks",
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

    def answer(self, found: Identification, data: Mapping[str, Any]) -> None:
        """Prints a result.

        Args:
            found: the result.
            data: the same as plain data (see `references.answer_json`).
        """
        if self.name == "json":
            print(json.dumps(data, ensure_ascii=False))
        elif self.name == "csv":
            write_csv_row(csv_row(data, self.top))
        else:
            print("\n".join(lines(found, data)))


def head(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines above all results.

    Args:
        facts: `Identifier.library_facts`.
    """
    yield (
        f"library: {facts['file']}, version {facts['version']}, {facts['spectra']:,} spectra, "
        f"{facts['specimens']:,} specimens, {facts['minerals']:,} minerals"
    )
    yield from own_line(facts)
    if facts["searched_spectra"] < facts["spectra"] + (facts["own"] or {"spectra": 0})["spectra"]:
        yield f"searched of these: {size_of(facts['searched_spectra'], facts['searched_minerals'])}"
    yield f"cite: {facts['citation']}"


def own_line(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields the line on the own library, if one is searched; see `head`."""
    if own := facts["own"]:
        yield (
            f"own library: version {own['version']}, {size_of(own['spectra'], own['minerals'])} "
            "(own:…); probabilities are calibrated on RRUFF's alone"
        )


def lines(found: Identification, data: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines of one result.

    Args:
        found: the result.
        data: the same as `--json` prints it.
    """
    from raman_pipeline.learning.identification.countries import CAVEAT

    yield found.query.name
    read = found.query.read
    yield f"  read: {_read(read)}"
    yield from (f"  WARNING: {warning.text}" for warning in found.query.warnings)
    if found.accepted:
        parts = " + ".join(
            f"{p.share:.0%} {p.mineral} ({p.specimen})" for p in found.accepted.parts
        )
        yield (
            f"  accepted: {parts}; left {found.accepted.left:.0%}; of the spectrum "
            f"{found.accepted.unexplained:.0%} is unexplained"
        )
        yield "  what follows is of the rest; probabilities were calibrated on whole spectra"
    verdict = "UNKNOWN" if found.unknown else "known"
    yield f"  {verdict}: probability of being in the library {found.in_library:.0%}"
    for mineral in found.minerals:
        near = ", ".join(f"{n.rruff_id} ({_similarity(n)})" for n in mineral.nearest)
        yield f"  {mineral.probability:7.1%}  {mineral.name}: {near}"
    if found.minerals[0].nearest[0].url:
        yield f"  nearest: {found.minerals[0].nearest[0].url}"
    yield f"  peaks: {_peaks(data['peak_table'])}"
    best = max(near.similarity for mineral in found.minerals for near in mineral.nearest)
    for mixture in found.mixtures:
        parts = " + ".join(
            f"{c.fraction:.0%} {c.mineral} ({c.specimen})" for c in mixture.components
        )
        yield f"  possible mixture: {parts}, fit {mixture.fit:.3f}; one specimen {best:.3f}"
    if not found.mixtures:
        rest = "" if data["settings"]["mixtures"] else " (--mixtures lists all)"
        yield f"  mixtures: none fits much better than one specimen{rest}"
    if found.countries:
        countries = ", ".join(f"{code} {p:.0%}" for code, p in found.countries)
        yield f"  countries: {countries}"
        yield f"    ({CAVEAT})"
    yield f"  preprocessing: {'; '.join(found.query.preprocessing)}"
    yield f"  settings: {_settings(data['settings'])}"


def _peaks(table: Mapping[str, Any]) -> str:
    """Returns the counts of a peak table, and where those without a counterpart are."""
    parts = []
    for state, count in table["counts"].items():
        text = f"{count} {state}"
        side = {"missing": "reference", "unexplained": "query"}.get(state)
        if side and count:
            rows = [row for row in table["peaks"] if row["state"] == state]
            highest = sorted(rows, key=lambda row: -row[f"{side}_height"])[:_PEAKS_SHOWN]
            places = ", ".join(f"{row[f'{side}_cm1']:g}" for row in highest)
            text += f" ({places}{', …' if count > len(highest) else ''})"
        parts.append(text)
    shift = table["median_shift_cm1"]
    moved = "" if shift is None else f"; median shift {shift:+g} cm⁻¹"
    return f"{', '.join(parts)} against {table['reference']['rruff_id']}{moved}"


def _peak_cells(table: Mapping[str, Any]) -> list[str]:
    """Returns the counts, and all peaks in one cell: state, query, reference (cm⁻¹)."""
    peaks = [
        " ".join(str(row[k]) for k in ("state", "query_cm1", "reference_cm1") if row[k] is not None)
        for row in table["peaks"]
    ]
    return [*map(str, table["counts"].values()), "; ".join(peaks)]


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
        data: what `--json` prints of it.
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
        *_peak_cells(data["peak_table"]),
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
    at = read["place"]
    place = f", at x {at['x']:g}, y {at['y']:g} {at['unit']}".rstrip() if at else ""
    return f"{what}; {read['points_measured']:,} points, {low:g} to {high:g} cm⁻¹{laser}{place}"


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in settings.items()
    )


def free_name(name: str, drawn: set[str]) -> str:
    """Returns a stem that is unique in this run; folders may hold files of one name."""
    stem = free = Path(name).name.replace("#", "_")
    number = 1
    while free in drawn:
        number += 1
        free = f"{stem}-{number}"
    drawn.add(free)
    return free


def draw(library: MineralLibrary, found: Identification, path: Path) -> None:
    """Writes the figure of a query and its references."""
    from raman_pipeline.common import atomic
    from raman_pipeline.page.sample_report import figure_of

    figure = figure_of(library, found)
    with atomic.replacing(path, "give --plot another folder") as temporary:
        figure.savefig(temporary, format="png", dpi=130)


def write_report(
    library: MineralLibrary, found: Identification, data: Mapping[str, Any], path: Path
) -> None:
    """Writes the page of a result."""
    from raman_pipeline.common import atomic
    from raman_pipeline.page.sample_report import sample_report

    text = sample_report(library, found, data)
    with atomic.replacing(path, "give --report another folder") as temporary:
        temporary.write_text(text, encoding="utf-8")
