"""The commands `raman-pipeline library …`: spectra of the user's own, searched beside RRUFF's.

What belongs here: their arguments and output. What does not: the library (see
`learning.identification.own`), reading files (see `spectra.spectrum_files`).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raman_pipeline.cli.console import LibraryFile, LibraryProfile, local_path
from raman_pipeline.common.errors import InputError
from raman_pipeline.common.wording import listed, size_of

if TYPE_CHECKING:
    from raman_pipeline.learning.identification.own import OwnLibrary, OwnSpectrum
    from raman_pipeline.spectra.spectrum_files import Spectrum

VARIABLE = "RAMAN_PIPELINE_LIBRARY"
app = typer.Typer(
    no_args_is_help=True,
    help="Spectra of your own, searched beside RRUFF's (whose library `build-library` builds).",
)


def own_library_file() -> Path:
    """Returns the file of the own library: that of RAMAN_PIPELINE_LIBRARY, or in the data folder.

    Raises:
        InputError: it is an address of another machine.
    """
    from raman_pipeline.common.storage import on_this_machine

    if said := os.environ.get(VARIABLE):
        return on_this_machine(said, VARIABLE)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "raman_pipeline" / "own_library.safetensors"


@app.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="files that `identify` reads, or folders of them",
            parser=local_path,
            metavar="FILES",
        ),
    ],
    mineral_from: Annotated[
        str,
        typer.Option(
            "--mineral-from",
            help="name: of the file (`Calcite_12.txt`, `Calcite (1).csv`); column: over the "
            "intensities",
        ),
    ] = "name",
    mineral: Annotated[
        str, typer.Option("--mineral", help="the mineral of all these files, also a new one")
    ] = "",
    columns: Annotated[str, typer.Option("--columns", help="as for `identify`")] = "",
    axis: Annotated[str | None, typer.Option("--axis", help="as for `identify`")] = None,
    laser: Annotated[
        float | None, typer.Option("--laser", min=200, max=1100, help="of the laser, nm")
    ] = None,
    profile: LibraryProfile = None,
    library: LibraryFile = None,
) -> None:
    """Add measured spectra. Those with a doubtful mineral, or of no use, are named and left out."""
    from raman_pipeline.cli.identify import library_file
    from raman_pipeline.learning.identification import own_names
    from raman_pipeline.learning.identification.batches import Unusable, files_below
    from raman_pipeline.learning.identification.identify import Identifier
    from raman_pipeline.learning.identification.own import OwnSpectrum
    from raman_pipeline.learning.identification.query import prepare
    from raman_pipeline.spectra.spectrum_files import ReadOptions, read_each

    if mineral_from not in ("name", "column"):
        raise typer.BadParameter(f"{mineral_from}: use name or column", param_hint="--mineral-from")
    if "," in mineral or not mineral.isprintable():
        raise typer.BadParameter(
            f"{mineral!r}: use a name of one line without commas, which stand between names",
            param_hint="--mineral",
        )
    if axis not in (None, "cm-1", "nm"):
        raise typer.BadParameter(f"{axis}: use cm-1 or nm", param_hint="--axis")
    options = ReadOptions(listed(columns), axis, laser)
    known = Identifier.open(library_file(profile, library)).library
    spelling = {name.casefold(): name for name in known.minerals}

    def mineral_of(spectrum: Spectrum, file: Path) -> str:
        if mineral.strip():
            return spelling.get(mineral.strip().casefold(), mineral.strip())
        if mineral_from == "column":
            return own_names.mineral_of(
                own_names.column_of(spectrum.columns, spectrum.name), known.minerals
            )
        return own_names.mineral_of(own_names.stem_of(file.name), known.minerals)

    def usable(spectrum: Spectrum | InputError, file: Path) -> OwnSpectrum:
        if isinstance(spectrum, InputError):
            raise spectrum
        for warning in spectrum.warnings:
            if warning.kind == "other_technique":
                raise InputError(f"{warning.text}; leave it out")
        prepare(spectrum, known.grid)
        name = Path(spectrum.name).name
        return OwnSpectrum(
            name, file.name, mineral_of(spectrum, file), spectrum.raman_shift,
            spectrum.intensity, spectrum.laser_nm,
        )  # fmt: skip

    refused = known_already = 0
    with changed() as (before, save):
        after = before
        for file in files_below(files):
            try:
                if isinstance(file, Unusable):
                    raise InputError(file.error)
                read: Sequence[Spectrum | InputError] = read_each(file, options)
            except InputError as error:
                refused += 1
                print(f"error: {error}", file=sys.stderr)
                continue
            of_file = []
            for spectrum in read:
                try:
                    after.require_new(one := usable(spectrum, file))
                    of_file.append(one)
                except InputError as error:
                    refused += 1
                    said = str(error) if str(file) in str(error) else f"{file}: {error}"
                    print(f"error: {said}", file=sys.stderr)
            more = after.with_more(of_file)
            known_already += len(of_file) - (len(more.spectra) - len(after.spectra))
            after = more
        save(after)
    new = after.spectra[len(before.spectra) :]
    counts = Counter(one.mineral for one in new)
    minerals = f" ({_counted(counts)})" if counts else ""
    print(f"spectra added: {len(new):,}{minerals}{_already(known_already)}")
    if others := sorted(name for name in counts if name.casefold() not in spelling):
        print(f"not among RRUFF's minerals: {', '.join(others)}; `library remove` if it is a slip")
    _print_size(after)
    raise typer.Exit(1 if refused else 0)


@app.command("list")
def list_() -> None:
    """List the spectra by mineral."""
    own = _read()
    for mineral in own.minerals:
        print(mineral)
        for one in own.spectra:
            if one.mineral == mineral:
                x = one.raman_shift
                nm = f", {one.laser_nm:g} nm" if one.laser_nm else ""
                print(f"  {one.name}: {x.size:,} points, {x[0]:g} to {x[-1]:g} cm⁻¹{nm}")
    _print_size(own)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="of spectra, files or minerals, as listed")],
) -> None:
    """Remove spectra."""
    with changed() as (before, save):
        after = before.without(names)
        save(after)
    print(f"spectra removed: {len(before.spectra) - len(after.spectra):,}")
    _print_size(after)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="to write", parser=local_path, metavar="FILE")],
) -> None:
    """Write the own library to one file, for `import` elsewhere."""
    own = _read()
    if not own.spectra:
        raise InputError(f"{own_library_file()}: holds no spectra; add some first")
    if file.exists():
        raise InputError(f"{file}: is there already; name a new file")
    own.write(file)
    print(f"exported: {len(own.spectra):,} spectra to {file}")


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="that `export` wrote", parser=local_path, metavar="FILE")
    ],
) -> None:
    """Add the spectra of an exported library; those that are there already are left out."""
    from raman_pipeline.learning.identification.own import OwnLibrary

    if not file.exists():
        raise InputError(f"{file}: there is no such file; name one that `export` wrote")
    imported = OwnLibrary.read(file)
    with changed() as (before, save):
        after = before.with_more(imported.spectra)
        save(after)
    new = len(after.spectra) - len(before.spectra)
    print(f"spectra imported: {new:,}{_already(len(imported.spectra) - new)}")
    _print_size(after)


@contextmanager
def changed() -> Iterator[tuple[OwnLibrary, Callable[[OwnLibrary], None]]]:
    """Yields the own library and a function that replaces it; one process at a time."""
    from raman_pipeline.common.atomic import naming
    from raman_pipeline.common.storage import lock

    path = own_library_file()
    with naming(path, f"set {VARIABLE} to another file"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with lock(path.with_name(f".{path.name}.lock")):
            before = _read()

            def save(after: OwnLibrary) -> None:
                if len(after.spectra) != len(before.spectra):
                    after.write(path)

            yield before, save


def _read() -> OwnLibrary:
    from raman_pipeline.learning.identification.own import OwnLibrary

    return OwnLibrary.read(own_library_file())


def _already(count: int) -> str:
    return f"; there already: {count:,}" if count else ""


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _print_size(own: OwnLibrary) -> None:
    print(f"own library: {own_library_file()}, {size_of(len(own.spectra), len(own.minerals))}")
