"""Same name, other country: localities whose country few others of their name share.

What belongs here: finding them. What does not: deciding (that is for the override file).
"""

from __future__ import annotations

from collections import Counter, defaultdict

import pandas as pd

from raman_pipeline.geography.text.locality import fold, parse_locality

MAJORITY = 0.75
MIN_LOCALITIES = 4
_MIN_NAME = 5


def minority_countries(located: pd.DataFrame) -> pd.DataFrame:
    """Returns localities that share a segment's name with mostly others elsewhere.

    Args:
        located: a LOCATED_LOCALITIES table.

    Returns:
        Columns `locality`, `iso_a2`, `name`, `majority` (its ISO code), `agreeing` and
        `localities` (how many localities with the name lie there, and in all).
    """
    countries: dict[str, Counter[str]] = defaultdict(Counter)
    holders: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with_country = located[located["iso_a2"].notna()]
    for text, iso_a2 in zip(with_country["locality"], with_country["iso_a2"], strict=True):
        for name in {fold(segment) for segment in parse_locality(text).segments}:
            if len(name) >= _MIN_NAME:
                countries[name][iso_a2] += 1
                holders[name].append((text, iso_a2))
    rows = []
    for name, counts in sorted(countries.items()):
        (majority, agreeing), total = counts.most_common(1)[0], counts.total()
        if len(counts) > 1 and total >= MIN_LOCALITIES and agreeing >= MAJORITY * total:
            rows += [
                (text, iso, name, majority, agreeing, total)
                for text, iso in holders[name]
                if iso != majority
            ]
    columns = ["locality", "iso_a2", "name", "majority", "agreeing", "localities"]
    frame = pd.DataFrame(rows, columns=columns)
    # One line a locality: the name that most others share says most.
    frame = frame.sort_values(["localities", "locality", "name"], ascending=[False, True, True])
    return frame.drop_duplicates("locality", ignore_index=True)
