from raman_pipeline_tests.geography.conftest import CONGO, TSUMEB


def test_segments_are_dropped_from_the_left(located):
    paper = located["paper"].set_index("locality")
    # Nothing answers until only the region is left, though Tsumeb exists.
    assert paper.loc[TSUMEB, ["query", "dropped"]].tolist() == ["Oshikoto, Namibia", 3]
    assert paper.loc[CONGO, ["query", "iso_a2"]].tolist() == ["Congo", "CG"]
    assert paper.loc["", "level"] == "none"
