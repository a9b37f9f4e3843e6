import io

import pandas as pd

from raman_pipeline.geography.reporting.darwin_core import darwin_core


def test_darwin_core(tables):
    frame = darwin_core(tables[3])
    text = frame.to_csv(index=False)
    back = pd.read_csv(io.StringIO(text), keep_default_na=False).set_index("materialEntityID")
    tsumeb = back.loc["R0"]
    assert tsumeb["countryCode"] == "NA"
    assert float(tsumeb["coordinateUncertaintyInMeters"]) >= 10_000
    assert tsumeb["geodeticDatum"] == "EPSG:4326"
    assert back.loc["R3", "decimalLatitude"] == back.loc["R3", "geodeticDatum"] == ""
    assert len(back) == len(tables[3])
    # Flags are joined text in the CSV.
    assert back.loc["R5", "georeferenceRemarks"] == "level place"
    assert back.loc["R3", "georeferenceRemarks"] == "level none; no_coordinates"
