"""Processes of a pool, and the engines that can take their place."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import Literal, TypeAlias

Engine: TypeAlias = Literal["local", "ray"]


def cpu_count() -> int:
    """Returns how many processes this one may start, one per CPU that it was given.

    Fewer than the machine has in a container, and where LOKY_MAX_CPU_COUNT says so.
    """
    from joblib import cpu_count as of_this_process

    return int(of_this_process())


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
