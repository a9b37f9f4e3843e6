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
from raman_pipeline_tests.geography.conftest import SPECTRA


def test_counts_balance_and_are_given_per_kind(located):
    refused = pd.DataFrame({"rruff_id": ["R9"], "code": ["truncated"], "kind": ["RAW"]})
    table = count_dataset(SPECTRA, located["specimens"], refused)
    assert DATASET_COUNTS.problems(table) == []
    counts = table.to_pandas().set_index(["section", "name"])
    assert counts.loc[("total", "all"), ["raw", "processed", "spectra"]].tolist() == [9, 2, 11]
    excluded = counts.loc["excluded"]["spectra"].to_dict()
    assert excluded == {"no mineral name": 1, "no specimen": 1, "member refused: truncated": 1}
    assert len(SPECTRA) == 11 + 2
    assert counts.loc[("total", "synthetic"), "spectra"] == 2
    assert counts.loc[("country", "Dem. Rep. Congo"), "rank"] == 1
    assert counts.loc["country"]["cumulative_percent"].iloc[-1] == 100
    text = dataset_markdown(table.to_pandas(), {"profile": "test"})
    assert "| Dem. Rep. Congo | 1 | 1 | 2 | 1 | 28.57 | 332 |" in text


def test_the_papers_figures_are_those_of_its_tables():
    # Table 1 gives cumulative percentages of 31,189: 30.96% and 83.13%.
    assert len(PAPER_COUNTRIES) == len(PAPER_SPECIES) == 20
    assert PAPER_COUNTRIES["United States of America"] / 31_189 == pytest.approx(0.3096, abs=1e-4)
    assert sum(PAPER_COUNTRIES.values()) / 31_189 == pytest.approx(0.8313, abs=1e-4)
    assert PAPER_TOTALS["natural"] + PAPER_TOTALS["synthetic"] == PAPER_TOTALS["all"]
    # Its Table 3 does not add up: this is 1,100 more than the spectra with coordinates.
    assert sum(PAPER_GROUPS.values()) == PAPER_TOTALS["with coordinates"] + 1_100
