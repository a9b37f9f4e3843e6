import pandas as pd

from raman_pipeline.learning.data.selection import select_spectra


def test_every_row_is_kept_with_the_first_reason_for_exclusion():
    spectra = pd.DataFrame(
        [
            ("a", "R1", "Quartz", "Processed"),
            ("b", "R1", "Quartz", "RAW"),
            ("c", None, "Quartz", "Processed"),
            ("d", "R2", None, "Processed"),
            ("e", "R3", "Quartz", "RAW"),
            ("f", "R4", "Quartz", "Processed"),
            ("g", "R5", "Quartz", "Processed"),
            ("h", "R1", "Quartz", "Processed"),
            ("i", "R9", "Quartz", "Processed"),
        ],
        columns=["member_id", "rruff_id", "mineral", "kind"],
    ).assign(locality=None)
    samples = pd.DataFrame(
        [
            ("R1", "Brazil", False),
            ("R2", "Brazil", False),
            ("R3", None, True),
            ("R4", None, False),
            ("R5", "Peru", False),
        ],
        columns=["rruff_id", "country", "is_synthetic"],
    )
    selection = select_spectra(spectra, samples, ["Processed"], 2)
    reasons = dict(zip(selection["member_id"], selection["excluded"], strict=True))
    assert {k: v for k, v in reasons.items() if isinstance(v, str)} == {
        "b": "kind",
        "c": "no_specimen",
        "d": "no_mineral",
        "e": "synthetic",
        "f": "no_country",
        "g": "rare_country",
        "i": "no_country",
    }
    both = select_spectra(spectra, samples, ["RAW", "Processed"], 2)
    assert both["excluded"].isna().sum() == 3
