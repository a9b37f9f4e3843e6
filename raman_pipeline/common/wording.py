"""Words of messages and options."""

from __future__ import annotations


def counted(n: int, what: str, several: str = "") -> str:
    """Returns a number with its noun: `1 run`, `2,224 runs`; `several` is an irregular plural."""
    return f"{n:,} {what if n == 1 else several or what + 's'}"


def size_of(spectra: int, minerals: int) -> str:
    """Returns the size of a library: `2 spectra of 1 mineral`."""
    return f"{counted(spectra, 'spectrum', 'spectra')} of {counted(minerals, 'mineral')}"


def listed(text: str) -> tuple[str, ...]:
    """Returns the parts of a text between commas, without blanks and empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
