"""Progress of long steps, from the processes that run them to who watches.

What belongs here: one message a step forward, and its way. What does not: showing it
(see `raman_pipeline.cli.progress`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far a long step is.

    Attributes:
        what: the step in words, the same throughout.
        done: parts that are over.
        total: all parts.
        note: of the last part.
    """

    what: str
    done: int
    total: int
    note: str = ""


OnProgress = Callable[[Progress], None]
Messages = Any
"""A queue between processes; multiprocessing gives its type no name."""

_target: dict[str, Messages] = {}


def send_to(messages: Messages) -> None:
    """Sends the progress of this process to a queue."""
    _target["messages"] = messages


def tell(progress: Progress) -> None:
    """Tells who watches, if anybody does: a run from the UI has its log instead."""
    if "messages" in _target:
        _target["messages"].put(progress)


@contextmanager
def heard(context: SpawnContext, on_progress: OnProgress) -> Iterator[Messages]:
    """Gives a queue for child processes and passes on what they tell."""
    messages = context.Queue()

    def listen() -> None:
        while (progress := messages.get()) is not None:
            on_progress(progress)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield messages
    finally:
        messages.put(None)
        listener.join()
