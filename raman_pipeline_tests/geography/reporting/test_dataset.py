import pandas as pd
import pytest

from raman_pipeline.geography.reporting.dataset import (
    DATASET_COUNTS,
    count_dataset,
    dataset_markdown,
)
from raman_pipeline.geography.reporting.pappone2024 import (
    PAPER_COUNTRIES,
    PAPER_GROUPS,
    PAPER_SPECIES,
    PAPER_TOTALS,
)


def test_counts_balance_and_are_given_per_kind(tables):
    spectra, _, _, specimens = tables
    refused = pd.DataFrame({"rruff_id": ["R9"], "code": ["truncated"], "kind": ["RAW"]})
    table = count_dataset(spectra, specimens, refused)
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
