"""Progress of runs on the terminal: bars and lines for stages, runs and long steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from raman_pipeline.orchestration import progress as messages
    from raman_pipeline.runs.runner import Callbacks, RunOutcome


@contextmanager
def show_progress(out: Console, err: Console) -> Iterator[Callbacks]:
    """Shows a bar for each stage and each long step, and a line for each run that did something."""
    from raman_pipeline.runs.runner import Callbacks

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=out) as shown:
        view = View(shown)
        try:
            yield Callbacks(view.on_start, view.on_outcome, view.on_progress)
        except KeyboardInterrupt:
            err.print("interrupted; finished work is kept, re-run to resume")
            raise


class View:
    """The bars that are shown."""

    def __init__(self, shown: Progress) -> None:
        self.shown = shown
        self.stages: dict[str, TaskID] = {}
        self.steps: dict[str, TaskID] = {}

    def on_start(self, stage: str, total: int) -> None:
        """Begins the bar of a stage; the former ones stand still."""
        for task in self.stages.values():
            self.shown.stop_task(task)
        self.stages[stage] = self.shown.add_task(stage, total=total, note="")

    def on_outcome(self, outcome: RunOutcome) -> None:
        """Moves the stage on and says what was done or failed."""
        self.shown.advance(self.stages[outcome.job])
        where = outcome.job + (f" {outcome.partition}" if outcome.partition else "")
        for error in outcome.errors:
            self.shown.console.print(
                f"[red]failed[/red] {where}: {error}", soft_wrap=True, highlight=False
            )
        if outcome.assets and not outcome.errors:
            self.shown.console.print(
                f"{where}: {len(outcome.assets)} assets in {outcome.seconds:.1f} s",
                highlight=False,
            )

    def on_progress(self, step: messages.Progress) -> None:
        """Moves the bar of a long step; it goes when the step is over."""
        if step.what not in self.steps:
            self.steps[step.what] = self.shown.add_task(f"  {step.what}", total=step.total, note="")
        task = self.steps[step.what]
        self.shown.update(task, completed=step.done, note=step.note)
        if step.done == step.total:
            self.shown.remove_task(self.steps.pop(step.what))
