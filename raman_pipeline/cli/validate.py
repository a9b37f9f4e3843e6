"""The command `raman-pipeline validate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raman_pipeline.cli.console import err, local_path, print_error
from raman_pipeline.common.wording import counted

_KEYS = (
    *("member", "status", "code", "line", "points", "mineral", "rruff_id", "kind", "encoding"),
    *("text", "error"),
)

if TYPE_CHECKING:
    from raman_pipeline.rruff.member import Member
    from raman_pipeline.rruff.refusals import MemberRefused


def validate(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="zip archives, folders or single files", parser=local_path, metavar="PATHS"
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Parse members and print one line for each: accepted, or refused with the reason.

    Folders are searched with their subfolders for `*.txt` and `*.zip`. The exit status is 1 where
    a path cannot be read or holds nothing to validate, or where every member was refused; other
    refused members are a result, not a failure.
    """
    from raman_pipeline.rruff.archive import read_outcomes
    from raman_pipeline.rruff.zip_archive import ArchiveError

    unusable: list[str] = []
    accepted = refused = 0
    for path in paths:
        before = accepted + refused
        try:
            for name, outcome in read_outcomes(path):
                row = _row(name, outcome)
                accepted += row["status"] == "accepted"
                refused += row["status"] == "refused"
                print(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
            if accepted + refused == before:
                raise ArchiveError(f"{path}: nothing to validate; give .txt or .zip files")
        except ArchiveError as error:
            unusable.append(str(error))
            if as_json:
                row = dict.fromkeys(_KEYS) | {"member": str(path), "status": "unreadable"}
                print(json.dumps(row | {"error": str(error)}, ensure_ascii=False))
    if not as_json:
        members = counted(accepted + refused, "member")
        err.print(f"{members}: {accepted:,} accepted, {refused:,} refused")
    if refused and not accepted:
        unusable.append("no member was accepted")
    for problem in unusable:
        print_error(problem)
    raise typer.Exit(1 if unusable else 0)


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
            "error": None,
        }
    row = refusal_row(outcome, parse_member_name(name), "")
    return {key: row.get(key) for key in _KEYS} | {"status": "refused"}


def _line(row: dict[str, object]) -> str:
    if row["status"] == "accepted":
        return f"accepted  {row['points']:>6} points  {row['member']}"
    place = f" line {row['line']}" if row["line"] else ""
    return f"refused   {row['code']}{place}: {row['text']!r}  {row['member']}"
