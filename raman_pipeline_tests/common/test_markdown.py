import pandas as pd

from raman_pipeline.common.markdown import markdown_table


def test_markdown_cells():
    frame = pd.DataFrame({"a_b": [1234.0, None, 0.5], "c": ["x|y", "line\nbreak", None]})
    assert markdown_table(frame) == [
        "| a b | c |", "|---|---|", "| 1,234 | x/y |", "|  | line break |", "| 0.5 |  |",
    ]  # fmt: skip
