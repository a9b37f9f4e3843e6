"""Comparison of the strategies, counts of the data set, consistency, Darwin Core."""

import io

import pandas as pd
import pytest

from raman_pipeline.geography.georeferencing.candidates import clean_localities, geocode_localities
from raman_pipeline.geography.georeferencing.consistency import minority_countries
from raman_pipeline.geography.georeferencing.locate import locate_localities, locate_specimens
from raman_pipeline.geography.georeferencing.pappone2024 import locate_as_paper
from raman_pipeline.geography.reporting.darwin_core import darwin_core
from raman_pipeline.geography.reporting.dataset import (
    DATASET_COUNTS,
    count_dataset,
    dataset_markdown,
)
from raman_pipeline.geography.reporting.georeferencing import (
    GEOREFERENCING,
    compare_strategies,
    georeferencing_markdown,
    markdown_table,
)
from raman_pipeline.geography.reporting.pappone2024 import (
    PAPER_COUNTRIES,
    PAPER_GROUPS,
    PAPER_SPECIES,
    PAPER_TOTALS,
)
from raman_pipeline.geography.tables import PAPER_LOCALITIES
from raman_pipeline.plots.specimens import count_bars, radius_by_level, sample_density
from raman_pipeline.plots.world_page import world_page

LOCALITIES = [
    "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia",
    "Musonoi mine, Kolwezi, Katanga, Congo",
    "Nowhere known, Kolwezi, Zaire",
    "Synthetic",
    "Unknown",
    "Bisbee, Arizona, USA",
]


@pytest.fixture(scope="module")
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
    localities = clean_localities(spectra, atlas).to_pandas()
    candidates = geocode_localities(localities, atlas, [atlas.offline]).to_pandas()
    located = locate_localities(localities, candidates, atlas).to_pandas()
    paper = locate_as_paper(localities, [atlas.offline], atlas.countries)
    assert PAPER_LOCALITIES.problems(paper) == []
    return spectra, located, paper.to_pandas(), locate_specimens(spectra, located).to_pandas()


def test_the_papers_way_truncates_from_the_left(tables):
    paper = tables[2].set_index("locality")
    tsumeb = paper.loc[LOCALITIES[0]]
    # Nothing answers until only the region is left, though Tsumeb exists.
    assert (tsumeb["query"], tsumeb["dropped"]) == ("Oshikoto, Namibia", 3)
    congo = paper.loc[LOCALITIES[1]]
    assert (congo["query"], congo["iso_a2"]) == ("Congo", "CG")
    assert paper.loc["Unknown", "level"] == "none"


def test_every_locality_is_compared(tables):
    _, located, paper, samples = tables
    table = compare_strategies(paper, located)
    assert GEOREFERENCING.problems(table) == []
    compared = table.to_pandas().set_index("locality")
    assert sorted(compared.index) == sorted(LOCALITIES)
    assert compared.loc[LOCALITIES[0], "verdict"] == "same_country"
    assert compared.loc[LOCALITIES[1], "verdict"] == "other_country"
    assert compared.loc["Unknown", "verdict"] == "neither"
    assert compared.loc[LOCALITIES[0], "apart_km"] > 50
    assert not compared.loc[LOCALITIES[0], "within_uncertainty"]
    text = georeferencing_markdown(
        table.to_pandas(), samples, minority_countries(located), {"profile": "test"}
    )
    assert "| paper | 6 |" in text
    assert "Musonoi mine, Kolwezi, Katanga, Congo | Congo |" in text
    assert radius_by_level(table.to_pandas()).axes


def test_counts_balance_and_stand_per_kind(tables):
    spectra, _, _, samples = tables
    refused = pd.DataFrame({"rruff_id": ["R9"], "code": ["truncated"], "kind": ["RAW"]})
    table = count_dataset(spectra, samples, refused)
    assert DATASET_COUNTS.problems(table) == []
    counts = table.to_pandas().set_index(["section", "name"])
    total = counts.loc[("total", "all")]
    assert (total["raw"], total["processed"], total["spectra"]) == (6, 5, 11)
    assert counts.loc[("excluded", "no mineral name"), "spectra"] == 1
    assert counts.loc[("excluded", "member refused: truncated"), "raw"] == 1
    assert total["spectra"] + 1 == len(spectra)
    assert counts.loc[("total", "synthetic"), "spectra"] == 2
    congo = counts.loc[("country", "Dem. Rep. Congo")]
    assert (congo["spectra"], congo["specimens"], congo["rank"]) == (4, 2, 1)
    assert counts.loc["country"]["cumulative_percent"].iloc[-1] == 100
    text = dataset_markdown(table.to_pandas(), {"profile": "test"})
    assert "| Dem. Rep. Congo | 2 | 2 | 4 | 2 | 57.14 | 332 |" in text


def test_the_papers_figures_are_those_of_its_tables():
    # Table 1 gives cumulative percentages of 31,189: 30.96% and 83.13%.
    assert len(PAPER_COUNTRIES) == len(PAPER_SPECIES) == 20
    assert PAPER_COUNTRIES["United States of America"] / 31_189 == pytest.approx(0.3096, abs=1e-4)
    assert sum(PAPER_COUNTRIES.values()) / 31_189 == pytest.approx(0.8313, abs=1e-4)
    assert PAPER_TOTALS["natural"] + PAPER_TOTALS["synthetic"] == PAPER_TOTALS["all"]
    # Its Table 3 does not add up: this is 1,100 more than the spectra with coordinates.
    assert sum(PAPER_GROUPS.values()) == PAPER_TOTALS["with coordinates"] + 1_100


def test_minority_countries():
    texts = [f"Shaft {i}, Tsumeb, Namibia" for i in range(5)] + ["Tsumeb, Berlin, Germany"]
    located = pd.DataFrame({"locality": texts, "iso_a2": ["NA"] * 5 + ["DE"]})
    found = minority_countries(located)
    assert found[["locality", "iso_a2", "name", "majority"]].to_numpy().tolist() == [
        ["Tsumeb, Berlin, Germany", "DE", "tsumeb", "NA"]
    ]
    assert len(minority_countries(located.head(5))) == 0


def test_darwin_core(tables):
    frame = darwin_core(tables[3])
    text = frame.to_csv(index=False)
    back = pd.read_csv(io.StringIO(text), keep_default_na=False).set_index("materialEntityID")
    tsumeb = back.loc["R0"]
    assert tsumeb["countryCode"] == "NA"
    assert float(tsumeb["coordinateUncertaintyInMeters"]) >= 10_000
    assert tsumeb["geodeticDatum"] == "EPSG:4326"
    assert back.loc["R3", "decimalLatitude"] == back.loc["R3", "geodeticDatum"] == ""
    assert len(back) == len(tables[3])


def test_figures_and_page(tables, atlas):
    spectra, _, _, samples = tables
    empty = pd.DataFrame({"rruff_id": [], "code": [], "kind": []})
    counts = count_dataset(spectra, samples, empty).to_pandas()
    countries = counts[counts["section"] == "country"]
    frame = atlas.countries.frame
    assert sample_density(countries.set_index("name")["spectra"], frame, "title").axes
    assert count_bars(countries, "title").axes
    page = world_page(countries, samples, frame, "Spectra").to_html(include_plotlyjs=False)
    assert "Dem. Rep. Congo: 4 spectra (2 Processed, 2 RAW) of 2 specimens" in page
    assert "http" not in page.replace("http://www.w3.org", "").split("plotly", 1)[0]


def test_markdown_cells():
    frame = pd.DataFrame({"a_b": [1234.0, None, 0.5], "c": ["x|y", "line\nbreak", None]})
    assert markdown_table(frame) == [
        "| a b | c |", "|---|---|", "| 1,234 | x/y |", "|  | line break |", "| 0.5 |  |",
    ]  # fmt: skip
