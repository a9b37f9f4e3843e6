"""Processes of a pool, and the engines that can take their place."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import Literal, TypeAlias

Engine: TypeAlias = Literal["local", "ray"]


def end_with_parent() -> None:
    """Lets this process end when the one that started it ends, however that was killed.

    The workers of a pool hold its queue open for each other, and would wait at it for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
