"""Same name, other country: localities whose country few others of their name share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from raman_pipeline.geography.text.locality import fold

MAJORITY = 0.75
MIN_LOCALITIES = 4
_MIN_NAME = 5


def minority_countries(
    located: Iterable[tuple[str, str | None, Sequence[str]]],
) -> dict[str, dict[str, Any]]:
    """Finds localities that share a segment's name with others mostly in another country.

    Args:
        located: locality, ISO code and segments of each locality.

    Returns:
        By locality, of the shared name that most localities have: `name`, `iso_a2` (of the
        majority), `agreeing` and `localities` (how many lie there, and in all).
    """
    by_name: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for locality, iso_a2, segments in located:
        if iso_a2 is not None:
            for name in {fold(segment) for segment in segments}:
                if len(name) >= _MIN_NAME:
                    by_name[name].append((locality, iso_a2))
    found: dict[str, dict[str, Any]] = {}
    for name, holders in sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0])):
        (majority, agreeing), *others = Counter(iso for _, iso in holders).most_common()
        if others and len(holders) >= MIN_LOCALITIES and agreeing >= MAJORITY * len(holders):
            about = {
                "name": name,
                "iso_a2": majority,
                "agreeing": agreeing,
                "localities": len(holders),
            }
            for locality, iso in holders:
                if iso != majority:
                    found.setdefault(locality, about)
    return found
