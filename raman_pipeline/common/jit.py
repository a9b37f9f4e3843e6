"""numba with the options of this project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """Returns a decorator that compiles a function when it is first called.

    Machine code is cached beside the source or in the user's cache folder. If neither is
    writable, every process compiles.

    Args:
        options: further options of `numba.njit`.
    """

    def decorate(function: Callable) -> Callable:
        try:
            return njit(cache=True, **_OPTIONS, **options)(function)
        except RuntimeError:
            return njit(**_OPTIONS, **options)(function)

    return decorate
