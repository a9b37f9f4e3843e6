"""The command `raman-pipeline identify`.

What belongs here: its arguments and its lines. What does not: identifying (see
`learning.identification.identify`), reading files (see `spectra.spectrum_files`). Everything heavy
is imported when it is needed: one file has two seconds, the start included.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from raman_pipeline.learning.identification.identify import Answer, Identifier
    from raman_pipeline.learning.identification.query import Query

_BATCH = 64


def identify(
    files: Annotated[
        list[Path],
        typer.Argument(help="RRUFF text, two columns (csv, txt), JCAMP-DX, SPC, WDF; or folders"),
    ],
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="whose library [env: RAMAN_PIPELINE_PROFILE]"),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option("--library", help="another library file"),
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", help="remove the background: none, arpls, asls or snip")
    ] = "none",
    top: Annotated[int, typer.Option("--top", min=1, help="minerals and countries to name")] = 5,
    components: Annotated[
        int, typer.Option("--components", min=2, max=3, help="minerals of a mixture")
    ] = 2,
    mixtures: Annotated[
        bool, typer.Option("--mixtures", help="look for mixtures even where one mineral fits")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="folder for pictures of each query and its references"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Name the mineral of spectra: chances, nearest specimens, mixtures, countries.

    A file that cannot be used is told on the error output; the others are answered, and the exit
    status is 1.
    """
    from raman_pipeline.learning.identification.identify import Identifier
    from raman_pipeline.orchestration.asset_paths import asset_path
    from raman_pipeline.settings import load_settings
    from raman_pipeline.spectra.baseline import BASELINES

    if baseline not in BASELINES:
        raise typer.BadParameter(f"{baseline}: use {', '.join(BASELINES)}")
    if library is None:
        store = load_settings(profile).asset_store
        library = asset_path(store, "mineral_library", extension=".safetensors")
    identifier = Identifier.open(library)
    failed, drawn = False, set[str]()
    for batch in _batches(identifier, files, baseline):
        queries = [q for q in batch if not isinstance(q, str)]
        for problem in (q for q in batch if isinstance(q, str)):
            failed = True
            print(f"error: {problem}", file=sys.stderr)
        for answer in identifier.answer(queries, top, components, mixtures):
            if as_json:
                print(json.dumps(answer.as_json(), ensure_ascii=False))
            else:
                print("\n".join(_lines(answer)))
            if plot is not None:
                _draw(identifier, answer, plot / _picture(answer.query.name, drawn))
    raise typer.Exit(1 if failed else 0)


def _batches(
    identifier: Identifier, files: list[Path], baseline: str
) -> Iterator[list[Query | str]]:
    """Yields spectra ready to be searched for, and what is wrong with the others, in order."""
    from raman_pipeline.common.errors import InputError
    from raman_pipeline.learning.identification.query import prepare
    from raman_pipeline.spectra.spectrum_files import read_spectra

    batch: list[Query | str] = [
        f"{path}: holds no file; name files or a folder of them"
        for path in files
        if path.is_dir() and not any(_files([path]))
    ]
    for path in _files(files):
        try:
            spectra = read_spectra(path)
        except InputError as error:
            batch.append(str(error))
            continue
        for spectrum in spectra:
            try:
                batch.append(prepare(spectrum, identifier.library.grid, baseline))
            except InputError as error:
                batch.append(str(error))
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.is_file() and p.name[0] != ".")
        else:
            yield path


def _lines(answer: Answer) -> Iterator[str]:
    yield answer.query.name
    verdict = "rather UNKNOWN" if answer.unknown else "known"
    yield f"  {verdict}: the mineral is in the library with a chance of {answer.known:.0%}"
    for mineral in answer.minerals:
        near = ", ".join(f"{n.rruff_id} ({n.similarity:.3f})" for n in mineral.nearest)
        yield f"  {mineral.score:7.1%}  {mineral.name}: {near}"
    if answer.minerals:
        yield f"  nearest: {answer.minerals[0].nearest[0].url}"
    for mixture in answer.mixtures:
        parts = " + ".join(f"{c.share:.0%} {c.mineral} ({c.specimen})" for c in mixture.components)
        yield f"  mixture? {parts}, fit {mixture.fit:.3f}"
    if answer.countries:
        places = ", ".join(f"{code} {chance:.0%}" for code, chance in answer.countries)
        yield f"  countries: {places}"
        yield f"    ({answer.caveat})"
    yield f"  done to it: {'; '.join(answer.query.preprocessing)}"


def _picture(name: str, drawn: set[str]) -> str:
    """Returns a file name that no other query of this run has; folders may hold equal names."""
    stem = free = Path(name).name.replace("#", "_")
    number = 1
    while free in drawn:
        number += 1
        free = f"{stem}-{number}"
    drawn.add(free)
    return f"{free}.png"


def _draw(identifier: Identifier, answer: Answer, path: Path) -> None:
    import numpy as np

    from raman_pipeline.common import atomic
    from raman_pipeline.plots.identification import query_and_references

    def shown(intensity: np.ndarray, covered: np.ndarray) -> np.ndarray:
        return np.where(covered, intensity, np.nan)

    library = identifier.library
    references = []
    for mineral in answer.minerals[:3]:
        near = mineral.nearest[0]
        spectrum = shown(library.intensity[near.row], library.covered[near.row])
        references.append((f"{mineral.name} {near.rruff_id}, {near.similarity:.3f}", spectrum))
    for mixture in answer.mixtures[:1]:
        weights = [c.share for c in mixture.components]
        total = np.einsum("i,ij", weights, library.intensity[[c.row for c in mixture.components]])
        names = " + ".join(c.mineral for c in mixture.components)
        references.append((f"{names}, fit {mixture.fit:.3f}", total / total.max()))
    query = answer.query
    figure = query_and_references(
        library.grid, shown(query.intensity, query.covered), references, Path(query.name).name
    )
    with atomic.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130)
