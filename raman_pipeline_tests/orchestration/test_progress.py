import io
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import Progress, TextColumn

from raman_pipeline.cli.progress import View, show_progress
from raman_pipeline.orchestration import progress
from raman_pipeline.orchestration.progress import Progress as Step
from raman_pipeline.orchestration.progress import publish, subscribe
from raman_pipeline.runs.runner import RunOutcome
from raman_pipeline_tests.orchestration.publisher import work


def test_progress_of_other_processes_arrives_in_order():
    context, received = multiprocessing.get_context("spawn"), []
    with subscribe(context, received.append) as messages:
        arguments = {"initializer": progress.send_to, "initargs": (messages,)}
        with ProcessPoolExecutor(2, mp_context=context, **arguments) as pool:
            list(pool.map(work, range(2)))
    assert len(received) == 6
    for number in range(2):
        assert [p.done for p in received if p.what == f"net {number}"] == [1, 2, 3]


def test_publishing_without_subscribers_does_nothing():
    publish(Step("net", 1, 3))


def test_the_terminal_shows_stages_and_failures():
    out = Console(file=io.StringIO(), width=120, force_terminal=True)
    with show_progress(out, out) as listener:
        listener.on_start("training", 2)
        listener.on_outcome(RunOutcome("training", "0|specimen", ("a", "b"), (), 2.0))
        listener.on_outcome(RunOutcome("training", "1|specimen", ("a",), ("a: no memory",), 2.0))
    shown = out.file.getvalue()
    assert "training 0|specimen: 2 assets in 2.0 s" in shown
    assert "a: no memory" in shown


def test_a_long_step_has_a_bar_until_it_is_over():
    with Progress(TextColumn("{task.fields[note]}"), console=Console(file=io.StringIO())) as shown:
        view = View(shown)
        view.on_progress(Step("ConvNeXt1D, specimen 0", 1, 2, "loss 3.1"))
        (task,) = shown.tasks
        assert (task.completed, task.total, task.fields["note"]) == (1, 2, "loss 3.1")
        view.on_progress(Step("ConvNeXt1D, specimen 0", 2, 2))
        assert shown.tasks == []
