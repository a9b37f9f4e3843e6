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
    TimeRemainingColumn,
)
from rich.text import Text

from raman_pipeline.common.wording import counted

if TYPE_CHECKING:
    from raman_pipeline.orchestration import progress as messages
    from raman_pipeline.runs.execution import Callbacks, RunOutcome


STAGES = {
    "ingest": "fetch and read the archives",
    "dataset": "merge archives, locate specimens",
    "folds": "assign folds",
    "features": "resample spectra",
    "labelled": "measure leakage between folds",
    "library": "build the mineral library",
    "dataset_reports": "report on the dataset",
    "training": "train geolocation models",
    "experiments": "run experiments",
    "geolocation_reports": "report on geolocation",
    "clustering": "train autoencoders, cluster",
    "clustering_reports": "report on clustering",
    "identification": "evaluate the mineral library",
    "synthetic": "make synthetic sets",
    "embedding": "train embeddings",
    "synthetic_reports": "report on synthetic sets",
    "index": "write the page of all results",
}
"""Job to what it does, in the words of a user."""


@contextmanager
def show_progress(out: Console, err: Console) -> Iterator[Callbacks]:
    """Shows a bar for each stage and each long step, and a line for each run that did something."""
    from raman_pipeline.runs.execution import Callbacks

    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=False),
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
    """The bars that are shown: one per stage, and one per process for its step."""

    def __init__(self, shown: Progress) -> None:
        self.shown = shown
        self.stages: dict[str, TaskID] = {}
        self.steps: dict[int, tuple[str, TaskID]] = {}

    def on_start(self, stage: str, total: int) -> None:
        """Begins the bar of a stage; one that comes again goes on with its bar."""
        if stage not in self.stages:
            self.stages[stage] = self.shown.add_task(STAGES[stage], total=0, note="")
        bar = self.shown.tasks[self.shown.task_ids.index(self.stages[stage])]
        bar.total, bar.finished_time = (bar.total or 0) + total, None

    def on_outcome(self, outcome: RunOutcome) -> None:
        """Moves the stage on and says what was done or failed."""
        self.shown.advance(self.stages[outcome.job])
        where = STAGES[outcome.job] + (f", {outcome.partition}" if outcome.partition else "")
        for error in outcome.errors:
            self.shown.console.print(
                Text.assemble(("failed", "red"), f" {where}: {error}"), soft_wrap=True
            )
        if outcome.assets and not outcome.errors:
            self.shown.console.print(
                f"{where}: {counted(len(outcome.assets), 'asset')} in {outcome.seconds:.1f} s"
            )

    def on_progress(self, step: messages.Progress) -> None:
        """Shows the step of a process, in place of its former one."""
        former, task = self.steps.get(step.process, ("", None))
        if task is not None and former != step.what:
            self.shown.remove_task(task)
            del self.steps[step.process]
            task = None
        if step.what and task is None:
            task = self.shown.add_task(f"  {step.what}", total=step.total, note="")
            self.steps[step.process] = (step.what, task)
        if task is not None and step.what:
            self.shown.update(task, completed=step.done, total=step.total, note=step.note)
