"""The command `raman-pipeline trace`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from raman_pipeline.cli.console import Profile, fail, out, profile_settings
from raman_pipeline.common.storage import below

if TYPE_CHECKING:
    from raman_pipeline.runs.trace import TraceRow


def trace(
    what: Annotated[str, typer.Argument(help="member id, member file name, or RRUFF ID")],
    profile: Profile = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array of rows")] = False,
) -> None:
    """Show every row derived from a member or specimen, from the archive's bytes to predictions."""
    from raman_pipeline.runs.trace import header_lines
    from raman_pipeline.runs.trace import trace as find

    settings = profile_settings(profile)
    try:
        steps = find(settings, what)
    except LookupError as error:
        fail(str(error.args[0]))
    if as_json:
        print(json.dumps([step.as_json() for step in steps], indent=2, ensure_ascii=False))
        return
    for step in steps:
        partition = f"[{step.partition}]" if step.partition else ""
        row = "" if step.row is None else f", row {step.row}"
        out.print(Text.assemble((step.asset, "bold"), partition))
        out.print(f"  in {below(settings.store, step.path)}{row}", style="dim")
        for name, value in _trace_values(step).items():
            out.print(f"  {name}: {value}", soft_wrap=True)
        if step.asset in ("parsed_spectra", "refused_members"):
            for number, line in header_lines(settings, step):
                out.print(f"  line {number}: {line}", soft_wrap=True)


def _trace_values(step: TraceRow) -> dict[str, object]:
    """Returns the values to print: headers are printed as lines instead."""
    shown = {
        "parsed_spectra": ("member", "member_id", "sha256", "archive_sha256", "encoding", "points"),
        "spectra": ("member_id", "pairing", "paired_id", "copies"),
    }
    names = shown.get(step.asset, step.values)
    return {name: step.values[name] for name in names if name in step.values}
