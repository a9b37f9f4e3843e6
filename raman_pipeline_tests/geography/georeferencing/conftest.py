"""A few specimens, taken through all steps of georeferencing."""

import pandas as pd
import pytest

from raman_pipeline.geography.georeferencing.candidates import clean_localities, geocode_localities
from raman_pipeline.geography.georeferencing.locate import locate_localities
from raman_pipeline.geography.georeferencing.specimens import locate_specimens
from raman_pipeline.geography.tables import (
    CANDIDATES,
    LOCALITIES,
    LOCATED_LOCALITIES,
    LOCATED_SPECIMENS,
)

SPECTRA = pd.DataFrame(
    [
        ("R1", "Azurite", "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia", None),
        ("R1", "Azurite", "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia", None),
        ("R2", "Spinel", "Synthetic, made in the Czech Republic", None),
        ("R3", "Sapphire", "Thailand", "A gemstone, grown by flame fusion"),
        ("R4", "Quartz", None, None),
        ("R5", "Yates", "Yates mine, Otter Lake, Quebec, Canada", None),
        ("R6", "Ophir", "Ophir Hill mine, Ophir District, Tooele County, Utah, USA", None),
        ("R7", "Albite", "Africa", "showing polysynthetic twinning"),
        ("R8", "Quartz", "Thailand", None),
        (None, "Nobody", "Bisbee, Arizona, USA", None),
    ],
    columns=["rruff_id", "mineral", "locality", "description"],
)


@pytest.fixture(scope="session")
def located(atlas):
    """The tables of the steps by name."""
    tables = {"localities": clean_localities(SPECTRA, atlas)}
    tables["candidates"] = geocode_localities(tables["localities"], atlas, [atlas.offline])
    tables["places"] = locate_localities(tables["localities"], tables["candidates"], atlas)
    tables["specimens"] = locate_specimens(SPECTRA, tables["places"])
    assert LOCALITIES.problems(tables["localities"]) == []
    assert CANDIDATES.problems(tables["candidates"]) == []
    assert LOCATED_LOCALITIES.problems(tables["places"]) == []
    assert LOCATED_SPECIMENS.problems(tables["specimens"]) == []
    return {name: table.to_pandas() for name, table in tables.items()}


@pytest.fixture(scope="session")
def specimens(located):
    return located["specimens"].set_index("rruff_id")
