import io

import pandas as pd

from raman_pipeline.geography.reporting.darwin_core import darwin_core


def test_darwin_core(located):
    text = darwin_core(located["specimens"]).to_csv(index=False)
    back = pd.read_csv(io.StringIO(text), keep_default_na=False).set_index("materialEntityID")
    tsumeb = back.loc["R1"]
    assert (tsumeb["countryCode"], tsumeb["geodeticDatum"]) == ("NA", "EPSG:4326")
    assert float(tsumeb["coordinateUncertaintyInMeters"]) >= 10_000
    assert back.loc["R3", "decimalLatitude"] == back.loc["R3", "geodeticDatum"] == ""
    assert len(back) == len(located["specimens"])
    # Flags are joined text in the CSV.
    assert back.loc["R9", "georeferenceRemarks"] == "level place; segment_1"
    assert back.loc["R3", "georeferenceRemarks"] == "level none; no_coordinates"
