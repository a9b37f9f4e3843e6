"""Progress of long steps, published by the processes that run them."""

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
        what: name of the step, the same throughout.
        done: finished parts.
        total: all parts.
        note: on the last part.
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


def publish(progress: Progress) -> None:
    """Publishes a step forward, if a command subscribed; a run from the UI has its log instead."""
    if "messages" in _target:
        _target["messages"].put(progress)


@contextmanager
def subscribe(context: SpawnContext, on_progress: OnProgress) -> Iterator[Messages]:
    """Yields a queue for child processes, and calls back with what they publish."""
    messages = context.Queue()

    def receive() -> None:
        while (progress := messages.get()) is not None:
            on_progress(progress)

    receiver = threading.Thread(target=receive, daemon=True)
    receiver.start()
    try:
        yield messages
    finally:
        messages.put(None)
        receiver.join()
