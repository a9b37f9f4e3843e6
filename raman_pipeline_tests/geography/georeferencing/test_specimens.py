import pandas as pd
import pytest

from raman_pipeline_tests.geography.conftest import SPECTRA, TSUMEB


@pytest.fixture(scope="module")
def specimens(located):
    return located["specimens"].set_index("rruff_id")


def test_every_spectrum_and_specimen_is_counted(located, specimens):
    localities = located["localities"].set_index("locality")
    assert localities["spectra"].sum() == len(SPECTRA)
    assert localities.loc[TSUMEB, ["spectra", "specimens"]].tolist() == [2, 1]
    assert sorted(specimens.index) == [f"R{n}" for n in range(1, 10)]
    assert specimens["spectra"].sum() == SPECTRA["rruff_id"].notna().sum()
    # Polysynthetic twinning (R7) is natural.
    assert specimens.index[specimens["is_synthetic"]].tolist() == ["R2", "R3"]
    assert specimens.loc[["R1", "R8"], "country_assignment"].tolist() == ["inside", "by_name"]
    assert specimens.loc["R1", ["iso_a2", "iso_a3"]].tolist() == ["NA", "NAM"]
    assert specimens.loc["R1", ["latitude", "longitude"]].tolist() == pytest.approx(
        (-19.23, 17.72), abs=0.1
    )
    # A region is never located as a place.
    quebec = specimens.loc["R5"]
    assert quebec["country"] == "Canada"
    assert quebec["level"] == "admin1" or quebec["latitude"] < 46.5


@pytest.mark.parametrize(
    ("rruff_id", "country", "level", "place", "uncertainty_km"),
    [
        # The finest place within the country.
        ("R1", "Namibia", "place", "Tsumeb", (10, 60)),
        # Synthetic specimens get no location, whatever the locality says.
        ("R2", None, "none", None, None),
        ("R3", None, "none", None, None),
        # Unknown and vague localities stay without a country.
        ("R4", None, "none", None, None),
        ("R7", None, "none", None, None),
        # The centre of a division, up to its far corner.
        ("R6", "United States of America", "admin2", "Tooele County", (90, 150)),
        # A country alone has no point.
        ("R8", "Thailand", "country", None, None),
    ],
)
def test_location_of_a_specimen(specimens, rruff_id, country, level, place, uncertainty_km):
    found = specimens.loc[rruff_id].replace({float("nan"): None})
    assert (found["country"], found["level"], found["place"]) == (country, level, place)
    assert pd.isna(found["latitude"]) == (uncertainty_km is None)
    assert ("no_coordinates" in found["flags"]) == (uncertainty_km is None)
    assert ("centroid" in found["flags"]) == (level == "admin2")
    if uncertainty_km:
        assert uncertainty_km[0] < found["coordinate_uncertainty_km"] < uncertainty_km[1]
