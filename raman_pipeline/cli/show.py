"""The command `raman-pipeline show`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raman_pipeline.cli.console import LibraryFile, LibraryProfile, local_path

if TYPE_CHECKING:
    from raman_pipeline.learning.identification.library import MineralLibrary
    from raman_pipeline.learning.identification.references import References

_PEAKS_SHOWN = 12


def show(
    name: Annotated[str, typer.Argument(help="of a mineral")],
    laser: Annotated[
        float | None, typer.Option("--laser", help="only spectra of this laser, nm")
    ] = None,
    profile: LibraryProfile = None,
    library: LibraryFile = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", help="PNG for a figure of the spectra", parser=local_path, metavar="FILE"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Show the reference spectra of a mineral: ids, lasers, localities, peaks.

    Spectra that RRUFF files under the name as well, because the mineral was renamed, are shown with
    the name that the library gives them.
    """
    from raman_pipeline.cli.identify import library_file
    from raman_pipeline.cli.identify_output import SIMULATED
    from raman_pipeline.cli.own_library import own_library_file
    from raman_pipeline.learning.identification.identify import Identifier
    from raman_pipeline.learning.identification.references import (
        places_beside,
        reference_json,
        references_of,
    )

    path = library_file(profile, library)
    identifier = Identifier.open(path, own=own_library_file())
    searched = identifier.library
    found = references_of(searched, name, laser)
    places = places_beside(path)
    minerals = [
        {"name": one.name, "spectra": [reference_json(searched, r, places) for r in one.rows]}
        for one in found
    ]
    if identifier.library_facts["simulated"]:
        print(SIMULATED, file=sys.stderr if as_json else sys.stdout)
    if as_json:
        data = {"asked": name, "library": identifier.library_facts, "minerals": minerals}
        print(json.dumps(data, ensure_ascii=False))
    else:
        for mineral in minerals:
            _print(name, mineral)
        print(f"cite: {identifier.library_facts['citation']}")
    if plot is not None:
        _draw(searched, found, plot)


def _print(asked: str, mineral: dict[str, Any]) -> None:
    spectra = mineral["spectra"]
    specimens = {s["rruff_id"] for s in spectra}
    print(f"{mineral['name']}: spectra {len(spectra)}, specimens {len(specimens)}")
    if mineral["name"].casefold() != asked.strip().casefold():
        print(f"  RRUFF files these as {asked}, too: an older, newer or related name")
    for spectrum in spectra:
        nm = f"{spectrum['laser_nm']:g} nm" if spectrum["laser_nm"] else "laser not stated"
        rating = f", {spectrum['rating']}" if spectrum["rating"] else ""
        place = spectrum["locality"] or spectrum["country"] or "locality not known"
        also = "".join(f", also named {other}" for other in spectrum["also_named"])
        print(f"  {spectrum['rruff_id']} (spectrum {spectrum['id']}), {nm}{rating}{also}")
        print(f"    {place}")
        highest = sorted(spectrum["peaks"], key=lambda p: -p["height"])[:_PEAKS_SHOWN]
        peaks = ", ".join(
            f"{p['cm1']:g} ({p['height']:.2f}, {p['width_cm1']:g})"
            for p in sorted(highest, key=lambda p: p["cm1"])
        )
        print(f"    peaks, cm⁻¹ (height, width): {peaks or 'none stands out'}")


def _draw(library: MineralLibrary, found: list[References], path: Path) -> None:
    import numpy as np

    from raman_pipeline.common import atomic
    from raman_pipeline.plots.identification import reference_spectra

    spectra = []
    for one in found:
        for row in one.rows:
            nm = library.wavelength[row]
            laser = f", {nm:g} nm" if np.isfinite(nm) else ""
            label = f"{one.name} {library.specimens[library.specimen[row]]}{laser}"
            spectra.append((label, np.where(library.valid[row], library.intensity[row], np.nan)))
    figure = reference_spectra(library.grid, spectra, found[0].asked)
    with atomic.replacing(path, "give --plot another file") as temporary:
        figure.savefig(temporary, format="png", dpi=110)
