import pandas as pd

from raman_pipeline.geography.reporting.georeferencing import (
    GEOREFERENCING,
    compare_strategies,
    georeferencing_markdown,
    minority_table,
)
from raman_pipeline_tests.geography.conftest import CONGO, TSUMEB


def test_every_locality_is_compared(located):
    table = compare_strategies(located["paper"], located["places"])
    assert GEOREFERENCING.problems(table) == []
    compared = table.to_pandas().set_index("locality")
    assert sorted(compared.index) == sorted(located["localities"]["locality"])
    agreements = compared.loc[[TSUMEB, CONGO, ""], "agreement"].tolist()
    assert agreements == ["same_country", "other_country", "neither"]
    assert compared.loc[TSUMEB, "apart_km"] > 50
    assert not compared.loc[TSUMEB, "within_uncertainty"]
    # The paper drops segments from the left: nothing answers until only the region is left,
    # though Tsumeb exists.
    paper = located["paper"].set_index("locality")
    assert paper.loc[TSUMEB, ["query", "dropped"]].tolist() == ["Oshikoto, Namibia", 3]
    assert paper.loc[CONGO, ["query", "iso_a2"]].tolist() == ["Congo", "CG"]
    assert paper.loc["", "level"] == "none"
    text = georeferencing_markdown(
        table.to_pandas(), located["specimens"], located["places"], {"profile": "test"}
    )
    assert "| paper | 9 |" in text
    assert f"{CONGO} | Congo |" in text


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
    columns = ["locality", "iso_a2", "name", "majority", "agreeing", "localities"]
    assert table[columns].to_numpy().tolist() == [
        ["c", "AT", "harz", "DE", 9, 10],
        ["a", "DE", "tsumeb", "NA", 5, 6],
    ]
    assert len(minority_table(located.iloc[[1]])) == 0
