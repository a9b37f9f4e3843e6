"""Compiled loops: numba with this project's options.

What belongs here: how loops are compiled. What does not: the loops, which lie with
what they are for, each beside a simple reference that the tests hold it to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """Returns a decorator that compiles a function when it is first called.

    Machine code is kept beside the source, or in the user's cache folder, so that the
    next process starts at once. Where neither can be written every process compiles.

    Args:
        options: of `numba.njit`, beside this project's.
    """

    def decorate(function: Callable) -> Callable:
        try:
            return njit(cache=True, **_OPTIONS, **options)(function)
        except RuntimeError:
            return njit(**_OPTIONS, **options)(function)

    return decorate
