import pandas as pd

from raman_pipeline.geography.reporting.georeferencing import (
    GEOREFERENCING,
    compare_strategies,
    georeferencing_markdown,
    minority_table,
)
from raman_pipeline_tests.geography.reporting.conftest import LOCALITIES


def test_the_papers_strategy_drops_segments_from_the_left(tables):
    paper = tables[2].set_index("locality")
    tsumeb = paper.loc[LOCALITIES[0]]
    # Nothing answers until only the region is left, though Tsumeb exists.
    assert (tsumeb["query"], tsumeb["dropped"]) == ("Oshikoto, Namibia", 3)
    congo = paper.loc[LOCALITIES[1]]
    assert (congo["query"], congo["iso_a2"]) == ("Congo", "CG")
    assert paper.loc["Unknown", "level"] == "none"


def test_every_locality_is_compared(tables):
    _, located, paper, specimens = tables
    table = compare_strategies(paper, located)
    assert GEOREFERENCING.problems(table) == []
    compared = table.to_pandas().set_index("locality")
    assert sorted(compared.index) == sorted(LOCALITIES)
    assert compared.loc[LOCALITIES[0], "agreement"] == "same_country"
    assert compared.loc[LOCALITIES[1], "agreement"] == "other_country"
    assert compared.loc["Unknown", "agreement"] == "neither"
    assert compared.loc[LOCALITIES[0], "apart_km"] > 50
    assert not compared.loc[LOCALITIES[0], "within_uncertainty"]
    text = georeferencing_markdown(table.to_pandas(), specimens, located, {"profile": "test"})
    assert "| paper | 6 |" in text
    assert "Musonoi mine, Kolwezi, Katanga, Congo | Congo |" in text


def test_minorities_are_listed_most_localities_first():
    shared = [
        {"name": "tsumeb", "iso_a2": "NA", "agreeing": 5, "localities": 6},
        None,
        {"name": "harz", "iso_a2": "DE", "agreeing": 9, "localities": 10},
    ]
    located = pd.DataFrame(
        {"locality": ["a", "b", "c"], "iso_a2": ["DE", "NA", "AT"], "majority": shared}
    )
    table = minority_table(located)
    assert list(table.columns) == [
        "locality", "iso_a2", "name", "majority", "agreeing", "localities",
    ]  # fmt: skip
    assert table.to_numpy().tolist() == [
        ["c", "AT", "harz", "DE", 9, 10], ["a", "DE", "tsumeb", "NA", 5, 6],
    ]  # fmt: skip
    assert len(minority_table(located.iloc[[1]])) == 0
