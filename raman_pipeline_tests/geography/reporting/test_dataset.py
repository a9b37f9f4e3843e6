import pandas as pd

from raman_pipeline.geography.reporting.dataset import (
    DATASET_COUNTS,
    count_dataset,
    dataset_markdown,
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
    assert counts.loc[("total", "synthetic"), "spectra"] == 2
    assert counts.loc[("country", "Dem. Rep. Congo"), "rank"] == 1
    assert counts.loc["country"]["cumulative_percent"].iloc[-1] == 100
    text = dataset_markdown(table.to_pandas(), {"profile": "test"})
    assert "| Dem. Rep. Congo | 1 | 1 | 2 | 1 | 28.57 | 332 |" in text
