"""From located localities to located specimens: the LOCATED_SPECIMENS rows."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pyarrow as pa

from raman_pipeline.geography.tables import LOCATED_SPECIMENS
from raman_pipeline.geography.text.locality import OriginClass, names_synthetic, site_name


def locate_specimens(spectra: pd.DataFrame, located: pa.Table) -> pa.Table:
    """Returns one LOCATED_SPECIMENS row per specimen.

    Args:
        spectra: columns `rruff_id`, `mineral`, `locality`, `description`; rows
            without a specimen are left out (they stay in the spectra table).
        located: a LOCATED_LOCALITIES table.
    """
    located = located.drop_columns(["specimens", "majority"])
    known = {row["locality"]: row for row in located.to_pylist()}
    rows = []
    texts = {name: spectra[name].tolist() for name in ("mineral", "locality", "description")}
    for rruff_id, at in sorted(spectra.groupby("rruff_id").indices.items()):
        # Of lists: pandas takes a millisecond per specimen.
        group = {
            name: [v for i in at if isinstance(v := text[i], str)] for name, text in texts.items()
        }
        group["locality"] += [""] * (len(at) - len(group["locality"]))
        locality = _most_common(group["locality"]) or ""
        location = known[locality]
        flags = list(location["flags"])
        synthetic = location["origin"] == OriginClass.SYNTHETIC or names_synthetic(
            *group["mineral"], *group["description"]
        )
        if synthetic:
            # Where a synthetic specimen was made, or is kept, is no place of origin.
            location = {
                "locality": locality,
                "origin": OriginClass.SYNTHETIC.value,
                "level": "none",
                "agreeing_sources": 0,
                "candidates": 0,
            }
            flags = []
        for name, several in (("locality", "several_localities"), ("mineral", "several_minerals")):
            if len(set(group[name])) > 1:
                flags.append(several)
        if location.get("latitude") is None:
            flags.append("no_coordinates")
        rows.append(
            {
                **location,
                "rruff_id": rruff_id,
                "site": site_name(locality),
                "mineral": _most_common(group["mineral"]),
                "is_synthetic": synthetic,
                "flags": flags,
                "spectra": len(at),
            }
        )
    return LOCATED_SPECIMENS.from_rows(rows)


def _most_common(values: list[str]) -> str | None:
    """Returns the most common value; the first in order among equals."""
    counts = Counter(values)
    return min(counts, key=lambda v: (-counts[v], v)) if counts else None
