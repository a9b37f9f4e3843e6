"""One thread for everything that is fitted, so that who starts a training changes no byte."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_READ_ON_LOADING = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits BLAS, OpenMP and torch to one thread each; restores what was set before.

    The number of threads decides how sums and vectors are split, and so the last digits: another
    number gives a training other initial weights and other gradients. Runs are parallel in
    processes instead. Libraries that are loaded within, as scikit-learn and torch are on first use,
    start with one thread and keep it.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 0
    environment = {name: os.environ.get(name) for name in _READ_ON_LOADING}
    os.environ.update(dict.fromkeys(_READ_ON_LOADING, "1"))
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
            for name, value in environment.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value
