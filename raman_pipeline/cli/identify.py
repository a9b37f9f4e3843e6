"""The command `raman-pipeline identify`.

What belongs here: its arguments and its output. What does not: identifying (see
`learning.identification.identify`), reading files (see `spectra.spectrum_files`). Heavy modules are
imported when needed: one file takes less than two seconds, the start included.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from raman_pipeline.learning.identification.identify import Identification
    from raman_pipeline.learning.identification.library import MineralLibrary
    from raman_pipeline.learning.identification.query import Query
    from raman_pipeline.spectra.spectrum_files import ReadOptions

_BATCH = 64


class _Unusable(NamedTuple):
    """A file or spectrum that cannot be identified, and the message that says why."""

    file: str
    error: str


SIMULATED = (
    "SIMULATED LIBRARY: its spectra are not measurements, so the answers say nothing about a real "
    "mineral; build a real library with `raman-pipeline build-library --profile rruff`"
)


def identify(
    files: Annotated[
        list[Path],
        typer.Argument(help="text with columns or rows, JCAMP-DX, SPC, WDF; or folders"),
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            help="profile of the library [env: RAMAN_PIPELINE_PROFILE]; without one, the newest "
            "library of real spectra, else the sample's",
        ),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option("--library", help="another library file"),
    ] = None,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            help='columns of a text by name or number, axis first: "Raman Shift,Counts"',
        ),
    ] = "",
    axis: Annotated[
        str | None, typer.Option("--axis", help="unit of the axis: cm-1 (Raman shift) or nm")
    ] = None,
    laser: Annotated[
        float | None, typer.Option("--laser", min=200, max=1100, help="of the laser, nm")
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", help="baseline correction: none, arpls, asls or snip")
    ] = "none",
    top: Annotated[int, typer.Option("--top", min=1, help="minerals and countries to list")] = 5,
    components: Annotated[
        int, typer.Option("--components", min=2, max=3, help="minerals of a mixture")
    ] = 2,
    mixtures: Annotated[
        bool, typer.Option("--mixtures", help="search for mixtures even if one mineral fits")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="folder for a figure of each query and its references"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Identify the minerals of spectra: probabilities, nearest specimens, mixtures, countries.

    Folders are searched with their subfolders, without hidden files. Files that cannot be used
    are reported on standard error (with --json as lines with the key `error`, too), and the exit
    status is then 1; the others are identified.
    """
    from raman_pipeline.learning.identification.identify import Identifier
    from raman_pipeline.spectra.baseline import BASELINES
    from raman_pipeline.spectra.spectrum_files import ReadOptions

    if baseline not in BASELINES:
        raise typer.BadParameter(f"{baseline}: use {', '.join(BASELINES)}")
    if axis not in (None, "cm-1", "nm"):
        raise typer.BadParameter(f"{axis}: use cm-1 or nm", param_hint="--axis")
    chosen = tuple(part.strip() for part in columns.split(",") if part.strip())
    options = ReadOptions(chosen, axis, laser)
    identifier = Identifier.open(library or _library_file(profile))
    facts = identifier.library_facts
    if facts["simulated"]:
        print(SIMULATED, file=sys.stderr if as_json else sys.stdout)
    if not as_json:
        print(
            f"library: {facts['file']}, version {facts['version']}, {facts['spectra']:,} spectra, "
            f"{facts['specimens']:,} specimens, {facts['minerals']:,} minerals"
        )
    failed, drawn = False, set[str]()
    for batch in _batches(identifier.library, files, baseline, options):
        queries = [q for q in batch if not isinstance(q, _Unusable)]
        answers = iter(identifier.identify_queries(queries, top, components, mixtures))
        for query in batch:
            if isinstance(query, _Unusable):
                failed = True
                print(f"error: {query.error}", file=sys.stderr)
                if as_json:
                    print(json.dumps(query._asdict(), ensure_ascii=False))
                continue
            found = next(answers)
            if as_json:
                print(json.dumps(found.as_json(), ensure_ascii=False))
            else:
                print("\n".join(_lines(found)))
            if plot is not None:
                _draw(identifier.library, found, plot / _figure_name(found.query.name, drawn))
    raise typer.Exit(1 if failed else 0)


def _library_file(profile: str | None) -> Path:
    """Returns the library of a profile; where none is named, the newest of real spectra."""
    from raman_pipeline.orchestration.asset_paths import asset_path
    from raman_pipeline.profiles import PROFILES, load_settings

    def file_of(name: str | None) -> Path:
        store = load_settings(name).asset_store
        return asset_path(store, "mineral_library", extension=".safetensors")

    if not profile and not os.environ.get("RAMAN_PIPELINE_PROFILE"):
        real = [file for name in PROFILES if name != "sample" and (file := file_of(name)).exists()]
        if real:
            return max(real, key=lambda file: file.stat().st_mtime)
    return file_of(profile)


def _batches(
    library: MineralLibrary, files: list[Path], baseline: str, options: ReadOptions
) -> Iterator[list[Query | _Unusable]]:
    """Yields prepared spectra, and what is unusable, in order."""
    from raman_pipeline.common.errors import InputError
    from raman_pipeline.learning.identification.query import prepare
    from raman_pipeline.spectra.spectrum_files import read_spectra

    batch: list[Query | _Unusable] = [
        _Unusable(str(path), f"{path}: holds no file; give files or a folder of them")
        for path in files
        if path.is_dir() and not any(_files([path]))
    ]
    for path in _files(files):
        try:
            spectra = read_spectra(path, options)
        except InputError as error:
            batch.append(_Unusable(str(path), str(error)))
            continue
        reasons: dict[str, int] = {}
        for spectrum in spectra:
            try:
                batch.append(prepare(spectrum, library.grid, baseline))
            except InputError as error:
                reason = str(error).removeprefix(spectrum.name)
                reasons[reason] = reasons.get(reason, 0) + 1
                if reasons[reason] == 1:
                    batch.append(_Unusable(spectrum.name, str(error)))
        # A map may hold thousands of spectra with one fault.
        batch += [
            _Unusable(str(path), f"{path}: {count - 1} more of its spectra{reason}")
            for reason, count in reasons.items()
            if count > 1
        ]
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        else:
            yield path


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


def _lines(found: Identification) -> Iterator[str]:
    from raman_pipeline.learning.identification.countries import CAVEAT

    yield found.query.name
    read = found.query.read
    low, high = read["range_cm1"]
    laser = f", laser {read['laser_nm']:g} nm" if read["laser_nm"] else ""
    what = ", ".join(filter(None, (read["format"], read["columns"])))
    yield f"  read: {what}; {read['points_measured']:,} points, {low:g} to {high:g} cm⁻¹{laser}"
    yield from (f"  {step}" for step in found.query.preprocessing if step.startswith("WARNING"))
    verdict = "UNKNOWN" if found.unknown else "known"
    yield f"  {verdict}: probability of being in the library {found.in_library:.0%}"
    for mineral in found.minerals:
        near = ", ".join(f"{n.rruff_id} ({n.similarity:.3f})" for n in mineral.nearest)
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


def _figure_name(name: str, drawn: set[str]) -> str:
    """Returns a file name that is unique in this run; folders may hold files of one name."""
    stem = free = Path(name).name.replace("#", "_")
    number = 1
    while free in drawn:
        number += 1
        free = f"{stem}-{number}"
    drawn.add(free)
    return f"{free}.png"


def _draw(library: MineralLibrary, found: Identification, path: Path) -> None:
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
