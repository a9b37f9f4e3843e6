"""Progress of steps, published by the processes that run them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import SpawnContext
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far a step is.

    Attributes:
        what: name of the step, the same throughout; empty where a process has nothing to do.
        done: finished parts.
        total: all parts; None if nobody knows.
        note: on the last part.
        process: that runs the step.
    """

    what: str
    done: int = 0
    total: int | None = None
    note: str = ""
    process: int = field(default_factory=os.getpid)


OnProgress = Callable[[Progress], None]

_target: list[OnProgress] = []


def send_to(on_progress: OnProgress) -> None:
    """Sends the progress of this process to a callback."""
    _target[:] = [on_progress]


def publish(progress: Progress) -> None:
    """Publishes a step forward, if a command subscribed; a run from the UI has its log instead."""
    for on_progress in _target:
        on_progress(progress)


@contextmanager
def subscribe(context: SpawnContext, on_progress: OnProgress) -> Iterator[OnProgress]:
    """Yields a callback for child processes, and calls back with what they publish."""
    messages: Any = context.Queue()

    def receive() -> None:
        while (progress := messages.get()) is not None:
            on_progress(progress)

    receiver = threading.Thread(target=receive, daemon=True)
    receiver.start()
    try:
        yield messages.put
    finally:
        messages.put(None)
        receiver.join()
