import pandas as pd

from raman_pipeline.common.markdown import markdown_report, markdown_table


def test_markdown_cells():
    frame = pd.DataFrame({"a_b": [1234.0, None, 0.5], "c": ["x|y", "line\nbreak", None]})
    assert markdown_table(frame) == [
        "| a b | c |", "|---|---|", "| 1,234 | x/y |", "|  | line break |", "| 0.5 |  |",
    ]  # fmt: skip


def test_report_has_protocol_and_parts():
    frame = pd.DataFrame({"n": [1]})
    text = markdown_report("Title", {"seed": 0}, "## Part", "Words.", ["an item"], frame, frame[:0])
    assert text == (
        "# Title\n\n## Protocol\n\n- seed: 0\n\n## Part\n\nWords.\n\n- an item\n\n"
        "| n |\n|---|\n| 1 |\n\nNone.\n"
    )
