import pandas as pd

from raman_pipeline.common.markdown import markdown_report


def test_report_has_protocol_and_parts():
    frame = pd.DataFrame({"a_b": [1234.0, None, 0.5], "c": ["x|y", "line\nbreak", None]})
    text = markdown_report("Title", {"seed": 0}, "## Part", "Words.", ["an item"], frame, frame[:0])
    assert text == (
        "# Title\n\n## Protocol\n\n- seed: 0\n\n## Part\n\nWords.\n\n- an item\n\n"
        "| a b | c |\n|---|---|\n| 1,234 | x/y |\n|  | line break |\n| 0.5 |  |\n\nNone.\n"
    )
