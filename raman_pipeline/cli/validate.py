"""The command `raman-pipeline validate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raman_pipeline.cli.console import err

if TYPE_CHECKING:
    from raman_pipeline.rruff.member import Member
    from raman_pipeline.rruff.refusals import MemberRefused


def validate(
    paths: Annotated[list[Path], typer.Argument(help="zip archives, folders or single files")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Parse members and print one line for each: accepted, or refused with the reason.

    The exit status is 1 where a path cannot be read at all; refused members are a
    result, not a failure.
    """
    from raman_pipeline.rruff.archive import read_outcomes
    from raman_pipeline.rruff.zip_archive import ArchiveError

    unreadable = False
    accepted = refused = 0
    for path in paths:
        try:
            for name, outcome in read_outcomes(path):
                row = _row(name, outcome)
                accepted += row["status"] == "accepted"
                refused += row["status"] == "refused"
                print(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
        except ArchiveError as error:
            unreadable = True
            err.print(f"[red]error:[/red] {error}", soft_wrap=True, highlight=False)
    if not as_json:
        err.print(f"{accepted + refused:,} members: {accepted:,} accepted, {refused:,} refused")
    raise typer.Exit(1 if unreadable else 0)


def _row(name: str, outcome: Member | MemberRefused) -> dict[str, object]:
    from raman_pipeline.rruff.member import Member
    from raman_pipeline.rruff.member_name import parse_member_name
    from raman_pipeline.rruff.tables import refusal_row

    if isinstance(outcome, Member):
        return {
            "member": outcome.name.raw,
            "status": "accepted",
            "code": None,
            "line": None,
            "points": len(outcome.raman_shift),
            "mineral": outcome.mineral,
            "rruff_id": outcome.rruff_id,
            "kind": outcome.kind,
            "encoding": outcome.encoding,
            "text": None,
        }
    row = refusal_row(outcome, parse_member_name(name), "")
    shown = ("member", "code", "line", "mineral", "rruff_id", "kind", "encoding", "text")
    return {"status": "refused", "points": None, **{key: row[key] for key in shown}}


def _line(row: dict[str, object]) -> str:
    if row["status"] == "accepted":
        return f"accepted  {row['points']:>6} points  {row['member']}"
    place = f" line {row['line']}" if row["line"] else ""
    return f"refused   {row['code']}{place}: {row['text']!r}  {row['member']}"
