"""Words of messages and options."""

from __future__ import annotations


def counted(n: int, what: str) -> str:
    """Returns a number with its noun: `1 run`, `2,224 runs`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def listed(text: str) -> tuple[str, ...]:
    """Returns the parts of a text between commas, without blanks and empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
