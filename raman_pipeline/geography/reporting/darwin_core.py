"""Located specimens in the terms of Darwin Core, for georeferencing tools and GBIF.

Terms: Darwin Core Quick Reference Guide (Biodiversity Information Standards, TDWG).
"""

from __future__ import annotations

import pandas as pd

PROTOCOL = "raman_pipeline constrained strategy (point-radius method, Wieczorek et al. 2004)"


def darwin_core(specimens: pd.DataFrame) -> pd.DataFrame:
    """Returns one row per specimen, with columns named by Darwin Core terms.

    Args:
        specimens: a LOCATED_SPECIMENS table.

    Returns:
        Text and float columns; coordinates in decimal degrees (WGS 84), uncertainty in
        metres. "NA" is Namibia: read it with `keep_default_na=False`.
    """
    point = specimens["latitude"].notna()
    return pd.DataFrame(
        {
            "materialEntityID": specimens["rruff_id"],
            "basisOfRecord": "MaterialSample",
            "verbatimIdentification": specimens["mineral"],
            "verbatimLocality": specimens["locality"],
            "countryCode": specimens["iso_a2"],
            "country": specimens["country"],
            "locality": specimens["place"],
            "decimalLatitude": specimens["latitude"],
            "decimalLongitude": specimens["longitude"],
            "geodeticDatum": point.map({True: "EPSG:4326", False: None}),
            "coordinateUncertaintyInMeters": (
                specimens["coordinate_uncertainty_km"] * 1000
            ).round(),
            "georeferenceProtocol": point.map({True: PROTOCOL, False: None}),
            "georeferenceSources": specimens["source"],
            "georeferenceVerificationStatus": specimens["source"]
            .eq("override")
            .map({True: "verified by contributor", False: "unverified"}),
            "georeferenceRemarks": [
                "; ".join([f"level {level}", *([" ".join(flags)] if len(flags) else [])])
                for level, flags in zip(specimens["level"], specimens["flags"], strict=True)
            ],
        }
    )
