"""A few specimens, taken through all steps of georeferencing."""

import pandas as pd
import pytest

from raman_pipeline.geography.georeferencing.candidates import clean_localities, geocode_localities
from raman_pipeline.geography.georeferencing.locate import locate_localities
from raman_pipeline.geography.georeferencing.pappone2024 import locate_as_paper
from raman_pipeline.geography.georeferencing.specimens import locate_specimens
from raman_pipeline.geography.tables import (
    CANDIDATES,
    LOCALITIES,
    LOCATED_LOCALITIES,
    LOCATED_SPECIMENS,
    PAPER_LOCALITIES,
)

TSUMEB = "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia"
CONGO = "Musonoi mine, Kolwezi, Katanga, Congo"
SPECTRA = pd.DataFrame(
    [
        ("R1", "Azurite", TSUMEB, None, "RAW"),
        ("R1", "Azurite", TSUMEB, None, "Processed"),
        ("R2", "Spinel", "Synthetic, made in the Czech Republic", None, "RAW"),
        ("R3", "Sapphire", "Thailand", "A gemstone, grown by flame fusion", "RAW"),
        ("R4", "Quartz", None, None, "RAW"),
        ("R5", "Yates", "Yates mine, Otter Lake, Quebec, Canada", None, "RAW"),
        ("R6", "Ophir", "Ophir Hill mine, Ophir District, Tooele County, Utah, USA", None, "RAW"),
        ("R7", "Albite", "Africa", "showing polysynthetic twinning", "RAW"),
        ("R8", "Quartz", "Thailand", None, "RAW"),
        ("R8", None, "Thailand", None, "Processed"),
        ("R9", "Azurite", CONGO, None, "RAW"),
        ("R9", "Azurite", CONGO, None, "Processed"),
        (None, "Nobody", "Bisbee, Arizona, USA", None, "RAW"),
    ],
    columns=["rruff_id", "mineral", "locality", "description", "kind"],
)


@pytest.fixture(scope="session")
def located(atlas):
    """The tables of the steps by name; `paper` holds those of the paper's strategy."""
    localities = clean_localities(SPECTRA, atlas)
    candidates = geocode_localities(localities, atlas, [atlas.offline])
    places = locate_localities(localities, candidates, atlas)
    specimens = locate_specimens(SPECTRA, places)
    paper = locate_as_paper(localities, [atlas.offline], atlas.countries)
    schemas = (LOCALITIES, CANDIDATES, LOCATED_LOCALITIES, LOCATED_SPECIMENS, PAPER_LOCALITIES)
    tables = (localities, candidates, places, specimens, paper)
    for schema, table in zip(schemas, tables, strict=True):
        assert schema.problems(table) == []
    names = ("localities", "candidates", "places", "specimens", "paper")
    return {name: table.to_pandas() for name, table in zip(names, tables, strict=True)}
