"""The command `raman-pipeline`.

What belongs here: arguments, progress and tables on the terminal. What does not:
anything that a Python caller would want (see `orchestration.runner`, `rruff.archive`).
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from raman_pipeline.cli.identify import identify
from raman_pipeline.cli.locate import locate
from raman_pipeline.cli.progress import show_progress
from raman_pipeline.common.errors import InputError

if TYPE_CHECKING:
    from raman_pipeline.rruff.member import Member
    from raman_pipeline.rruff.refusals import MemberRefused
    from raman_pipeline.runs.runner import Callbacks, RunOutcome
    from raman_pipeline.runs.status import AssetState
    from raman_pipeline.runs.trace import Step
    from raman_pipeline.settings import Settings

CITATION = (
    "RRUFF data: please cite Lafuente, Downs, Yang & Stone (2015), The power of databases: the "
    "RRUFF project, De Gruyter, 1-30, doi:10.1515/9783110417104-003."
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From the RRUFF Raman archives to located spectra and honestly evaluated models.",
)
app.command()(locate)
app.command()(identify)
_WIDTH_WITHOUT_TERMINAL = 140
out = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
err = Console(stderr=True)

Profile = Annotated[
    str | None,
    typer.Option("--profile", help="sample, rruff or paper [env: RAMAN_PIPELINE_PROFILE]"),
]
Location = Annotated[
    str | None,
    typer.Option("--rruff-url", help="https://…, file:///… or a folder of zips [env: RRUFF_URL]"),
]
Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, help="trainings at a time [default: cores, at most 8]"),
]


@app.command()
def run(
    profile: Profile = None,
    rruff_url: Location = None,
    train: Annotated[bool, typer.Option(help="go past the folds and train")] = True,
    processes: Processes = None,
) -> None:
    """Materialise everything that is missing or stale, from the archives to the reports."""
    from raman_pipeline.runs.runner import run_graph

    _shown(_settings(profile, rruff_url), lambda s, told: run_graph(s, told, train, processes))


@app.command()
def accept_update(
    archive: Annotated[str, typer.Argument(help="for example fair_oriented")],
    profile: Profile = None,
    rruff_url: Location = None,
) -> None:
    """Accept a rejected archive update."""
    from raman_pipeline.runs.runner import accept_archive

    try:
        outcome = accept_archive(_settings(profile, rruff_url), archive)
    except ValueError as error:
        _fail(str(error))
    for problem in outcome.errors:
        _fail(problem)
    out.print(f"{archive}: the published version is accepted; run the pipeline to process it")


@app.command()
def backfill(
    profile: Profile = None,
    partition: Annotated[
        list[str] | None,
        typer.Option("--partition", help='fold|split, for example "0|specimen"; repeatable'),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option("--family", help="model family, for example rbf_svm; repeatable"),
    ] = None,
    processes: Processes = None,
) -> None:
    """Train and test model families on fold x split, where stale; write the report."""
    from raman_pipeline.runs.runner import run_backfill

    _shown(
        _settings(profile, None),
        lambda s, told: run_backfill(s, told, partition or None, processes, family or None),
    )


@app.command()
def experiments(profile: Profile = None, processes: Processes = None) -> None:
    """Test the best model against baselines; ablate inputs; draw the learning curve."""
    from raman_pipeline.runs.runner import run_experiments

    _shown(_settings(profile, None), lambda s, told: run_experiments(s, told, processes))


@app.command()
def cluster(
    profile: Profile = None,
    partition: Annotated[
        list[str] | None,
        typer.Option("--partition", help='preset|seed, for example "default|0"; repeatable'),
    ] = None,
    processes: Processes = None,
) -> None:
    """Train and evaluate denoising autoencoders and cluster their latents, where stale."""
    from raman_pipeline.runs.runner import run_clustering

    _shown(
        _settings(profile, None),
        lambda s, told: run_clustering(s, told, partition or None, processes),
    )


@app.command()
def build_library(profile: Profile = None) -> None:
    """Build and evaluate the mineral library, where stale."""
    from raman_pipeline.runs.runner import run_identification

    _shown(_settings(profile, None), run_identification)


@app.command()
def synthetic_benchmark(
    profile: Profile = None,
    partition: Annotated[
        list[str] | None,
        typer.Option("--partition", help='train seed|task, for example "0|challenge"; repeatable'),
    ] = None,
    processes: Processes = None,
) -> None:
    """Generate the universal synthetic sets; evaluate baselines, peak models and networks."""
    from raman_pipeline.runs.runner import run_synthetic

    _shown(
        _settings(profile, None),
        lambda s, told: run_synthetic(s, told, partition or (), processes),
    )


@app.command()
def status(
    profile: Profile = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array of assets")] = False,
) -> None:
    """Show every asset: partitions, failures, rows, bytes, last time."""
    from raman_pipeline.runs.status import asset_states

    settings = _settings(profile, None)
    states = asset_states(settings)
    if as_json:
        print(json.dumps([state.as_json() for state in states], indent=2))
    else:
        out.print(_status_table(settings, states))


@app.command()
def validate(
    paths: Annotated[list[Path], typer.Argument(help="zip archives, folders or single files")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Parse members and print one line per member: accepted, or refused with the reason.

    The exit status is 1 if a path cannot be read at all; refused members are no failure.
    """
    from raman_pipeline.rruff.archive import read_outcomes
    from raman_pipeline.rruff.zip_archive import ArchiveError

    unreadable = False
    accepted = refused = 0
    for path in paths:
        try:
            for name, outcome in read_outcomes(path):
                row = _outcome_row(name, outcome)
                accepted += row["status"] == "accepted"
                refused += row["status"] == "refused"
                print(json.dumps(row, ensure_ascii=False) if as_json else _outcome_line(row))
        except ArchiveError as error:
            unreadable = True
            err.print(f"[red]error:[/red] {error}", soft_wrap=True, highlight=False)
    if not as_json:
        err.print(f"{accepted + refused:,} members: {accepted:,} accepted, {refused:,} refused")
    raise typer.Exit(1 if unreadable else 0)


@app.command()
def trace(
    what: Annotated[str, typer.Argument(help="member id, member file name, or RRUFF ID")],
    profile: Profile = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array of rows")] = False,
) -> None:
    """Show the way of a member or a specimen from the archive's bytes through every asset."""
    from raman_pipeline.runs.trace import header_lines
    from raman_pipeline.runs.trace import trace as find

    settings = _settings(profile, None)
    try:
        steps = find(settings, what)
    except LookupError as error:
        _fail(str(error.args[0]))
    if as_json:
        print(json.dumps([step.as_json() for step in steps], indent=2, ensure_ascii=False))
        return
    for step in steps:
        partition = f"[{step.partition}]" if step.partition else ""
        row = "" if step.row is None else f", row {step.row}"
        out.print(f"[bold]{step.asset}[/bold]{escape(partition)}", highlight=False)
        out.print(f"  in {_below(settings.store, step.path)}{row}", style="dim", highlight=False)
        for name, value in _trace_values(step).items():
            out.print(Text(f"  {name}: {value}"), soft_wrap=True)
        if step.asset in ("parsed_spectra", "refused_members"):
            for number, line in header_lines(settings, step):
                out.print(Text(f"  line {number}: {line}"), soft_wrap=True)


@app.command()
def ui(
    profile: Profile = None,
    rruff_url: Location = None,
    port: Annotated[int, typer.Option(help="on this machine")] = 3000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
) -> None:
    """Open Dagster on the instance of a profile (`dagster dev`)."""
    from raman_pipeline.runs.instance import prepare_home
    from raman_pipeline.settings import PROJECT

    settings = _settings(profile, rruff_url)
    environment = os.environ | {
        "DAGSTER_HOME": str(prepare_home(settings)),
        "RAMAN_PIPELINE_PROFILE": settings.profile,
        "RAMAN_PIPELINE_STORE": str(settings.store),
        "RRUFF_URL": settings.archives.location,
    }
    arguments = [sys.executable, "-m", "dagster", "dev", "-w", str(PROJECT / "workspace.yaml")]
    arguments += ["--host", host, "--port", str(port)]
    out.print(f"Dagster on http://{host}:{port} ({settings.profile} profile, {settings.store})")
    os.execve(sys.executable, arguments, environment)


def _renamed(old: str, command: Callable[..., None]) -> Callable[..., None]:
    """Returns a command that first prints the new name of an old one on the error output."""

    @functools.wraps(command)
    def renamed(*args: Any, **options: Any) -> None:
        new = command.__name__.replace("_", "-")
        err.print(f"`{old}` is now `{new}`; the old name goes with the next version")
        command(*args, **options)

    return renamed


_OLD_NAMES: dict[str, Callable[..., None]] = {
    "accept": accept_update,
    "check": validate,
    "library": build_library,
    "study": experiments,
    "synthetic": synthetic_benchmark,
}
for _old, _command in _OLD_NAMES.items():
    app.command(_old, hidden=True)(_renamed(_old, _command))


def main() -> None:
    """Runs the command; user errors are one line, not a traceback."""
    try:
        app()
    except (InputError, OSError) as error:
        _fail(str(error))


def _fail(message: str) -> None:
    err.print(f"[red]error:[/red] {message}", soft_wrap=True, highlight=False)
    sys.exit(1)


def _settings(profile: str | None, location: str | None) -> Settings:
    from raman_pipeline.settings import load_settings

    return load_settings(profile, location=location)


def _shown(settings: Settings, work: Callable[[Settings, Callbacks], list[RunOutcome]]) -> None:
    """Runs stages with their progress shown, then the table of what is there."""
    try:
        with show_progress(out, err) as listener:
            outcomes = work(settings, listener)
    except ValueError as error:
        _fail(str(error))
    _close(settings, outcomes)


def _close(settings: Settings, outcomes: list[RunOutcome]) -> None:
    from raman_pipeline.runs.status import asset_states

    out.print(_status_table(settings, asset_states(settings)))
    failed = [o for o in outcomes if not o.succeeded]
    idle = sum(not o.assets for o in outcomes)
    if idle:
        out.print(f"{idle} of {len(outcomes)} runs had nothing to do: unchanged since last time.")
    out.print(CITATION, soft_wrap=True)
    profile = "" if settings.profile == "sample" else f" PROFILE={settings.profile}"
    out.print(f"Open the UI on these runs: [bold]make ui{profile}[/bold]", highlight=False)
    if failed:
        err.print(f"[red]{len(failed)} runs failed[/red]; fix the cause and re-run to resume")
        raise typer.Exit(1)


def _status_table(settings: Settings, states: list[AssetState]) -> Table:
    title = f"{settings.profile} profile, below {settings.store}"
    table = Table(title=title, title_justify="left")
    table.add_column("asset", no_wrap=True)
    for name in ("partitions", "rows", "refused", "MB"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("where to look", overflow="fold")
    for state in states:
        done = f"{state.materialized}/{state.partitions}"
        if state.failed:
            done += f" [red]{state.failed} failed[/red]"
        table.add_row(
            state.asset,
            done,
            "" if state.rows is None else f"{state.rows:,}",
            "" if state.refused is None else f"{state.refused:,}",
            "" if state.bytes is None else f"{state.bytes / 1e6:,.1f}",
            _below(settings.store, state.where),
        )
    return table


def _trace_values(step: Step) -> dict[str, object]:
    """Returns what a row adds: headers stand as lines, and spectra repeat parsed_spectra."""
    shown = {
        "parsed_spectra": ("member", "member_id", "sha256", "archive_sha256", "encoding", "points"),
        "spectra": ("member_id", "pairing", "paired_id", "copies"),
    }
    names = shown.get(step.asset, step.values)
    return {name: step.values[name] for name in names if name in step.values}


def _below(store: Path, where: str | None) -> str:
    if where is None:
        return ""
    path = Path(where)
    return str(path.relative_to(store)) if path.is_relative_to(store) else where


def _outcome_row(name: str, outcome: Member | MemberRefused) -> dict[str, object]:
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


def _outcome_line(row: dict[str, object]) -> str:
    if row["status"] == "accepted":
        return f"accepted  {row['points']:>6} points  {row['member']}"
    place = f" line {row['line']}" if row["line"] else ""
    return f"refused   {row['code']}{place}: {row['text']!r}  {row['member']}"


if __name__ == "__main__":
    main()
