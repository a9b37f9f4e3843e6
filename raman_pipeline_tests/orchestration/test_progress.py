import io
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import Progress, TextColumn

from raman_pipeline.cli.progress import STAGES, View, show_progress
from raman_pipeline.orchestration import progress
from raman_pipeline.orchestration.jobs import GROUPS
from raman_pipeline.orchestration.progress import Progress as Step
from raman_pipeline.orchestration.progress import subscribe
from raman_pipeline.runs.execution import RunOutcome
from raman_pipeline_tests.orchestration.publisher import work


def test_progress_of_other_processes_arrives_in_order():
    context, received = multiprocessing.get_context("spawn"), []
    with subscribe(context, received.append) as receive:
        arguments = {"initializer": progress.send_to, "initargs": (receive,)}
        with ProcessPoolExecutor(2, mp_context=context, **arguments) as pool:
            list(pool.map(work, range(2)))
    assert len(received) == 6
    for number in range(2):
        assert [p.done for p in received if p.what == f"net {number}"] == [1, 2, 3]


def test_the_terminal_shows_every_stage_in_plain_words_and_failures():
    out = Console(file=io.StringIO(), width=120, force_terminal=True, highlight=False)
    with show_progress(out, out) as listener:
        listener.on_start("training", 2)
        listener.on_outcome(RunOutcome("training", "0|specimen", ("a", "b"), (), 2.0))
        listener.on_outcome(RunOutcome("training", "1|specimen", ("a",), ("a: no memory",), 2.0))
    shown = out.file.getvalue()
    assert "train geolocation models, 0|specimen: 2 assets in 2.0 s" in shown
    assert "a: no memory" in shown
    assert STAGES.keys() == GROUPS.keys()


def test_each_process_shows_the_step_that_it_runs():
    with Progress(TextColumn("{task.fields[note]}"), console=Console(file=io.StringIO())) as shown:
        view = View(shown)
        view.on_progress(Step("ConvNeXt1D", 1, 2, "loss 3.1", process=1))
        view.on_progress(Step("spectra", process=2))
        bars = [(t.description, t.completed, t.total, t.fields["note"]) for t in shown.tasks]
        assert bars == [("  ConvNeXt1D", 1, 2, "loss 3.1"), ("  spectra", 0, None, "")]
        view.on_progress(Step("folds", process=2))
        view.on_progress(Step("", process=1))
        assert [task.description for task in shown.tasks] == ["  folds"]
