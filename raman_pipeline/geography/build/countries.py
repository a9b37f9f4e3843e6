"""Builds the embedded country polygons from the npm package `world-atlas`.

`world-atlas` 2.0.2 (ISC licence) holds Natural Earth 4.1.0 at 1:50m, which is in the
public domain. To build the file again:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m raman_pipeline.geography.build.countries \
        package/countries-50m.json raman_pipeline/embedded/natural_earth_50m_countries.parquet
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from raman_pipeline.common import atomic
from raman_pipeline.geography.build.topojson import features
from raman_pipeline.geography.maps.countries import DRAWN_APART
from raman_pipeline.geography.maps.gazetteer import Gazetteer

VERSION = "Natural Earth 4.1.0, 1:50m (world-atlas 2.0.2)"

_WITHOUT_NUMBER = DRAWN_APART | {"Siachen Glacier": "-99"}


def convert(topology: dict[str, Any], iso_by_number: dict[str, str]) -> gpd.GeoDataFrame:
    """Converts the `countries` object of a world-atlas TopoJSON."""
    rows = []
    for number, name, polygon in features(topology, "countries"):
        code = iso_by_number.get(number) or _WITHOUT_NUMBER.get(name)
        if code is None:
            raise ValueError(f"{name}: no ISO code for number {number!r}; add it to this module")
        rows.append((name, code, polygon))
    frame = gpd.GeoDataFrame(
        {"country": [r[0] for r in rows], "iso_a2": [r[1] for r in rows], "version": VERSION},
        geometry=shapely.set_precision([r[2] for r in rows], 1e-4),
        crs="EPSG:4326",
    )
    return frame.sort_values("country", ignore_index=True)


def main(source: Path, target: Path) -> None:
    """Converts the TopoJSON at `source` into the GeoParquet `target`."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    frame = convert(topology, Gazetteer().iso_by_number())
    with atomic.replacing(target) as temporary:
        frame.to_parquet(temporary, compression="zstd", compression_level=19)
    print(f"{target}: {len(frame)} countries, {VERSION}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
