"""Located specimens in the terms of Darwin Core, for georeferencing tools and GBIF.

What belongs here: the mapping. What does not: the locations.

Terms: Darwin Core Quick Reference Guide (Biodiversity Information Standards, TDWG).
"""

from __future__ import annotations

import pandas as pd

PROTOCOL = "raman_pipeline constrained strategy (point-radius method, Wieczorek et al. 2004)"


def darwin_core(samples: pd.DataFrame) -> pd.DataFrame:
    """Returns one row a specimen, columns named by Darwin Core terms.

    Args:
        samples: a LOCATED_SPECIMENS table.

    Returns:
        Text and float columns; coordinates in decimal degrees (WGS 84), uncertainty in
        metres. "NA" is Namibia: read it with `keep_default_na=False`.
    """
    point = samples["latitude"].notna()
    return pd.DataFrame(
        {
            "materialEntityID": samples["rruff_id"],
            "basisOfRecord": "MaterialSample",
            "verbatimIdentification": samples["mineral"],
            "verbatimLocality": samples["locality"],
            "countryCode": samples["iso_a2"],
            "country": samples["country"],
            "locality": samples["place"],
            "decimalLatitude": samples["latitude"],
            "decimalLongitude": samples["longitude"],
            "geodeticDatum": point.map({True: "EPSG:4326", False: None}),
            "coordinateUncertaintyInMeters": (samples["coordinate_uncertainty_km"] * 1000).round(),
            "georeferenceProtocol": point.map({True: PROTOCOL, False: None}),
            "georeferenceSources": samples["source"],
            "georeferenceVerificationStatus": samples["source"]
            .eq("override")
            .map({True: "verified by contributor", False: "unverified"}),
            "georeferenceRemarks": [
                "; ".join(part for part in (f"level {level}", flags) if isinstance(part, str))
                for level, flags in zip(samples["level"], samples["flags"], strict=True)
            ],
        }
    )
