"""The command `raman-pipeline identify`.

What belongs here: its arguments and the order of its work. What does not: its output (see
`cli.identify_output`), identifying (see `learning.identification.identify`), reading files (see
`spectra.spectrum_files`). Heavy modules are imported when needed: one file takes less than two
seconds, the start included.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raman_pipeline.cli.console import Engine, LibraryFile, any_path, local_path
from raman_pipeline.common.errors import InputError
from raman_pipeline.common.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from raman_pipeline.cli.identify_output import Form
    from raman_pipeline.common.storage import StorePath
    from raman_pipeline.learning.identification.batches import Unusable
    from raman_pipeline.learning.identification.identify import Identifier
    from raman_pipeline.learning.identification.results import Identification
    from raman_pipeline.spectra.spectrum_files import ReadOptions


def identify(
    files: Annotated[
        list[Any],  # StorePath
        typer.Argument(
            help="text with columns or rows, JCAMP-DX, SPC, WDF, OPUS, SIF, SPA, LabSpec XML, "
            "TrueMatch; or folders; with --out Parquet tables and addresses of a bucket, too",
            parser=any_path,
            metavar="FILES",
        ),
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            help="profile of the library [env: RAMAN_PIPELINE_PROFILE]; without one, the newest "
            "library of real spectra, else the sample's",
        ),
    ] = None,
    library: LibraryFile = None,
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
        str, typer.Option("--baseline", help="before the usual one: none, arpls, asls or snip")
    ] = "none",
    elements: Annotated[
        str,
        typer.Option(
            "--elements",
            help="elements known to be in it: Ca,C,O; of three or more, one may be wrong",
        ),
    ] = "",
    without: Annotated[
        str,
        typer.Option(
            "--without",
            help="elements known not to be in it: S; `others`: all from sodium on that "
            "--elements does not name",
        ),
    ] = "",
    minerals: Annotated[
        str, typer.Option("--minerals", help="search among these only: Calcite,Dolomite")
    ] = "",
    exclude: Annotated[str, typer.Option("--exclude", help="minerals to leave out")] = "",
    reference_laser: Annotated[
        str, typer.Option("--reference-laser", help="lasers of the reference spectra, nm: 532,785")
    ] = "",
    rating: Annotated[
        str,
        typer.Option("--rating", help="RRUFF's ratings of the reference spectra: excellent,fair"),
    ] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            help="a mineral that is in it for sure; it is subtracted, and the rest searched; "
            "give it once for each",
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="minerals and countries to list")] = 5,
    components: Annotated[
        int, typer.Option("--components", min=2, max=3, help="minerals of a mixture")
    ] = 2,
    mixtures: Annotated[
        bool, typer.Option("--mixtures", help="list mixtures even if one mineral fits as well")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            help="folder for a figure of each query and its references",
            parser=local_path,
            metavar="PATH",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help="folder for a page (HTML) of each query",
            parser=local_path,
            metavar="PATH",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, one row per spectrum")] = False,
    out: Annotated[
        Any,  # StorePath | None
        typer.Option(
            "--out",
            help="folder or s3://… for a Parquet data set, made by several processes; the same "
            "command goes on after an interruption",
            parser=any_path,
            metavar="FOLDER",
        ),
    ] = None,
    phase_map: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="folder for the phase map of one file that states x and y of its spectra: "
            "picture, phases, points; made and resumed as --out is",
            parser=local_path,
            metavar="FOLDER",
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="processes of --out and --map; one per core"),
    ] = None,
    engine: Engine = None,
) -> None:
    """Identify the minerals of spectra: probabilities, nearest specimens, mixtures, countries.

    Folders are searched with their subfolders, without hidden files. Files that cannot be used
    are reported on standard error (with --json and --csv as an entry with `error`, too), and the
    exit status is then 1; the others are identified.
    """
    from raman_pipeline.cli import identify_output as output
    from raman_pipeline.cli.own_library import own_library_file
    from raman_pipeline.learning.identification import batches
    from raman_pipeline.learning.identification.filters import Filters
    from raman_pipeline.learning.identification.identify import Identifier
    from raman_pipeline.spectra.baseline import BASELINES
    from raman_pipeline.spectra.spectrum_files import ReadOptions

    if baseline not in BASELINES:
        raise typer.BadParameter(f"{baseline}: use {', '.join(BASELINES)}")
    if processes and out is None and phase_map is None:
        raise typer.BadParameter(
            "processes are those of --out and --map FOLDER", param_hint="--workers"
        )
    if axis not in (None, "cm-1", "nm"):
        raise typer.BadParameter(f"{axis}: use cm-1 or nm", param_hint="--axis")
    if sum((as_json, as_csv, out is not None, phase_map is not None)) > 1:
        raise typer.BadParameter("choose one of --json, --csv, --out and --map")
    try:
        lasers = tuple(float(nm) for nm in listed(reference_laser))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--reference-laser") from error
    filters = Filters(
        listed(elements), listed(without), listed(minerals), listed(exclude), lasers,
        listed(rating), tuple(accept or ()),
    )  # fmt: skip
    options = ReadOptions(listed(columns), axis, laser)
    searched = library_file(profile, library)
    if out is not None or phase_map is not None:
        if plot is not None or report is not None:
            raise typer.BadParameter(
                "--plot and --report make a file per spectrum; leave out --out and --map"
            )
        from raman_pipeline.cli.identify_bulk import identify_into, map_into
        from raman_pipeline.common.shards import Workers
        from raman_pipeline.learning.identification.bulk import Task
        from raman_pipeline.profiles import chosen_engine

        task = Task(
            searched, filters, options, baseline, top, components, mixtures,
            own_library_file(),
        )  # fmt: skip
        workers = Workers(chosen_engine(engine), processes)
        if phase_map is None:
            usable = identify_into(task, files, out, workers)
            raise typer.Exit(0 if usable else 1)
        maps = list(batches.files_below([local_path(str(path)) for path in files]))
        if len(maps) != 1:
            raise typer.BadParameter("a map is one file", param_hint="--map")
        if isinstance(maps[0], tuple):
            raise InputError(maps[0].error)
        if not mixtures:  # they would take most of the time
            task = replace(task, components=0)
        map_into(task, maps[0], phase_map, workers)
        return
    found = batches.files_below([local_path(str(path)) for path in files])
    identifier = Identifier.open(searched, filters, own_library_file())
    form = output.Form("json" if as_json else "csv" if as_csv else "text", top)
    form.begin(identifier.library_facts)
    queries = batches.queries_of_files(found, identifier.library.grid, baseline, options)
    results = (
        result
        for batch in batches.in_batches(queries)
        for result in batches.identified(identifier, batch, top, components, mixtures)
    )
    usable = _print_each(identifier, results, form, options, plot, report)
    raise typer.Exit(0 if usable else 1)


def _print_each(
    identifier: Identifier,
    results: Iterable[Identification | Unusable],
    form: Form,
    options: ReadOptions,
    plot: Path | None,
    report: Path | None,
) -> bool:
    """Prints the results and writes their files; returns whether all queries are usable."""
    from raman_pipeline.cli import identify_output as output
    from raman_pipeline.learning.identification.references import answer_json

    usable, names = True, set[str]()
    for result in results:
        if isinstance(result, tuple):
            usable = False
            form.unusable(*result)
            continue
        data = answer_json(identifier.library, result, options)
        form.answer(result, data)
        if plot is None and report is None:
            continue
        stem = output.free_name(result.query.name, names)
        if plot is not None:
            output.draw(identifier.library, result, plot / f"{stem}.png")
        if report is not None:
            output.write_report(identifier.library, result, data, report / f"{stem}.html")
    return usable


def library_file(profile: str | None, library: str | None = None) -> StorePath:
    """Returns a named library, or that of a profile; by default, the newest of real spectra."""
    if library:
        from raman_pipeline.common.storage import store_path

        return store_path(library)
    from raman_pipeline.orchestration.asset_paths import asset_path
    from raman_pipeline.profiles import PROFILES, load_settings

    def file_of(name: str | None) -> StorePath:
        store = load_settings(name).asset_store
        return asset_path(store, "mineral_library", extension=".safetensors")

    if not profile and not os.environ.get("RAMAN_PIPELINE_PROFILE"):
        real = [file for name in PROFILES if name != "sample" and (file := file_of(name)).exists()]
        if real:
            return max(real, key=lambda file: file.stat().st_mtime)
    return file_of(profile)
