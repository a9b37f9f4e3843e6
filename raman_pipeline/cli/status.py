"""The command `raman-pipeline status`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from raman_pipeline.cli.console import Profile, err, out, profile_settings
from raman_pipeline.common.storage import below

if TYPE_CHECKING:
    from raman_pipeline.runs.status import AssetState
    from raman_pipeline.settings import Settings


def status(
    profile: Profile = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array of assets")] = False,
) -> None:
    """Show every asset: partitions, failures, rows, bytes, last time."""
    from raman_pipeline.runs.status import asset_states, profiles

    settings = profile_settings(profile)
    if others := profiles(settings) - {settings.title}:
        err.print(
            f"{settings.store} holds reports of profile {', '.join(sorted(others))}, and you ask "
            f"for {settings.profile}; choose with --profile, or RAMAN_PIPELINE_STORE",
            soft_wrap=True,
        )
    if as_json:
        print(json.dumps([state.as_json() for state in asset_states(settings)], indent=2))
    else:
        print_status(settings)


def print_status(settings: Settings) -> None:
    """Prints a row per asset, then what earlier versions left in the store."""
    from raman_pipeline.runs.status import asset_states, leftovers

    states = asset_states(settings)
    out.print(_table(settings, states))
    if left := leftovers(settings, [state.asset for state in states]):
        err.print(
            f"made by an earlier version of raman_pipeline and no longer used, {len(left):,} in "
            "all; you can delete them: " + ", ".join(below(settings.store, path) for path in left),
            soft_wrap=True,
        )


def _table(settings: Settings, states: list[AssetState]) -> Table:
    title = f"{settings.profile} profile, below {settings.store}"
    table = Table(title=title, title_justify="left")
    table.add_column("asset", no_wrap=True)
    for name in ("partitions", "rows", "refused", "MB"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("where to look", overflow="fold")
    for state in states:
        done = Text(f"{state.materialized}/{state.partitions}")
        if state.failed:
            done.append(f" {state.failed} failed", "red")
        table.add_row(
            state.asset,
            done,
            "" if state.rows is None else f"{state.rows:,}",
            "" if state.refused is None else f"{state.refused:,}",
            "" if state.bytes is None else f"{state.bytes / 1e6:,.1f}",
            below(settings.store, state.where or ""),
        )
    return table
