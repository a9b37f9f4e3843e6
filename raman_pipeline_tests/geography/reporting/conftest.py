"""A few localities, located by both strategies."""

import pandas as pd
import pytest

from raman_pipeline.geography.georeferencing.candidates import clean_localities, geocode_localities
from raman_pipeline.geography.georeferencing.locate import locate_localities
from raman_pipeline.geography.georeferencing.pappone2024 import locate_as_paper
from raman_pipeline.geography.georeferencing.specimens import locate_specimens
from raman_pipeline.geography.tables import PAPER_LOCALITIES

LOCALITIES = [
    "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia",
    "Musonoi mine, Kolwezi, Katanga, Congo",
    "Nowhere known, Kolwezi, Zaire",
    "Synthetic",
    "Unknown",
    "Bisbee, Arizona, USA",
]


@pytest.fixture(scope="session")
def tables(atlas):
    spectra = pd.DataFrame(
        {
            "rruff_id": [f"R{i}" for i in range(len(LOCALITIES)) for _ in range(2)],
            "locality": [text for text in LOCALITIES for _ in range(2)],
            "mineral": "Azurite",
            "description": None,
            "kind": ["RAW", "Processed"] * len(LOCALITIES),
        }
    )
    spectra.loc[11, "mineral"] = None
    localities = clean_localities(spectra, atlas)
    candidates = geocode_localities(localities, atlas, [atlas.offline])
    located = locate_localities(localities, candidates, atlas)
    paper = locate_as_paper(localities, [atlas.offline], atlas.countries)
    assert PAPER_LOCALITIES.problems(paper) == []
    specimens = locate_specimens(spectra, located)
    return spectra, located.to_pandas(), paper.to_pandas(), specimens.to_pandas()
