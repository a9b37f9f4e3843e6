"""One thread for everything that is fitted, so that who starts a training changes no byte."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits BLAS, OpenMP and torch to one thread each; restores what was set before.

    The number of threads decides how sums and vectors are split, and so the last digits: another
    number gives a training other initial weights and other gradients. Runs are parallel in
    processes instead. torch is limited where it is imported already; a function that is imported
    with it has this decorator itself.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 0
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
