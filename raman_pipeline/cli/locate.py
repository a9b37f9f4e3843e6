"""The command `raman-pipeline locate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from raman_pipeline.cli.console import local_path
from raman_pipeline.common.errors import InputError

Texts = Annotated[
    list[str] | None,
    typer.Argument(help='localities, for example "Tsumeb mine, Tsumeb, Namibia"'),
]
File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="one locality per line, UTF-8; - reads standard input",
        parser=local_path,
        metavar="PATH",
    ),
]


def locate(
    texts: Texts = None,
    file: File = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", help="profile of the map and the geocoders [env: RAMAN_PIPELINE_PROFILE]"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Locate localities: country, point, level and uncertainty, one line per locality.

    No service is queried unless the profile names geocoding services. The country is null
    where the text names none.
    """
    import pyarrow as pa

    from raman_pipeline.geography.georeferencing.locate import locate_texts
    from raman_pipeline.orchestration.resources import Geography
    from raman_pipeline.profiles import load_settings

    lines = [*(texts or ()), *(_read(file) if file else ())]
    if not lines:
        raise typer.BadParameter("give localities, or --file with one per line")
    # The other allocators of Arrow keep some 40 MB more.
    pa.set_memory_pool(pa.system_memory_pool())
    geography = Geography(load_settings(profile))
    rows = locate_texts(lines, geography.atlas, geography.geocoders, geography.overrides)
    for row in rows:
        print(json.dumps(_as_json(row), ensure_ascii=False) if as_json else _as_line(row))


def _read(file: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8"
        raise InputError(message) from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{file}: no locality in it; write one per line")
    return lines


def _as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "locality": row["locality"],
        "class": row["origin"],
        "country": row["country"],
        "iso_a2": row["iso_a2"],
        "lat": row["latitude"],
        "lon": row["longitude"],
        "level": row["level"],
        "coordinate_uncertainty_km": row["coordinate_uncertainty_km"],
        "confidence": row["confidence"],
        "source": row["source"],
        "flags": row["flags"],
    }


def _as_line(row: Mapping[str, Any]) -> str:
    where = row["country"] or "no country"
    if row["latitude"] is not None:
        where += (
            f", {row['latitude']:.4f} {row['longitude']:.4f} "
            f"± {row['coordinate_uncertainty_km']:g} km"
        )
    flags = f" [{' '.join(row['flags'])}]" if row["flags"] else ""
    facts = [row["origin"], row["level"]]
    if row["confidence"] == "low":
        facts.append("low confidence")
    return f"{row['locality']}: {where} ({', '.join(facts)}){flags}"
