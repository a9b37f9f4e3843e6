"""How much of RRUFF a set of archives holds.

What belongs here: the size of the whole database, and a share of it in words. What does
not: counting archives (see `archive`).
"""

from __future__ import annotations

RRUFF_SPECTRA, RRUFF_SPECIMENS = 38_000, 4_150
"""About what the site holds in 2026."""


def share_of_rruff(spectra: int, specimens: int) -> str:
    """Returns in words what part of RRUFF is at hand."""
    return (
        f"{spectra:,} of about {RRUFF_SPECTRA:,} spectra ({spectra / RRUFF_SPECTRA:.0%}) and "
        f"{specimens:,} of about {RRUFF_SPECIMENS:,} specimens "
        f"({specimens / RRUFF_SPECIMENS:.0%})"
    )
