"""Words of messages."""

from __future__ import annotations


def counted(n: int, what: str) -> str:
    """Returns a number with its noun: `1 run`, `2,224 runs`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"
