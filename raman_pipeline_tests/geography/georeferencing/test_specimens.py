import pandas as pd
import pytest

from raman_pipeline_tests.geography.georeferencing.conftest import SPECTRA


def test_every_spectrum_and_specimen_is_counted(located, specimens):
    localities = located["localities"]
    assert localities["spectra"].sum() == len(SPECTRA)
    assert sorted(specimens.index) == ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"]
    assert specimens["spectra"].sum() == SPECTRA["rruff_id"].notna().sum()


def test_the_finest_place_within_the_country_wins(specimens):
    tsumeb = specimens.loc["R1"]
    assert (tsumeb["country"], tsumeb["iso_a2"], tsumeb["level"]) == ("Namibia", "NA", "place")
    assert tsumeb["iso_a3"] == "NAM"
    assert tsumeb["latitude"] == pytest.approx(-19.23, abs=0.1)
    assert tsumeb["longitude"] == pytest.approx(17.72, abs=0.1)
    assert 10 <= tsumeb["coordinate_uncertainty_km"] <= 60
    assert tsumeb["country_assignment"] == "inside"


def test_synthetic_specimens_get_no_location(specimens):
    synthetic = specimens.loc[["R2", "R3"]]
    assert synthetic["is_synthetic"].all()
    assert synthetic[["country", "latitude", "longitude"]].isna().all(axis=None)
    assert (synthetic["level"] == "none").all()


def test_polysynthetic_twinning_is_natural(specimens):
    assert not specimens.loc["R7", "is_synthetic"]


def test_specimens_without_coordinates_are_kept_and_flagged(specimens):
    without = specimens["latitude"].isna()
    flagged = specimens["flags"].map(lambda flags: "no_coordinates" in flags)
    assert flagged.equals(without)
    assert without.sum() == 5


def test_a_country_alone_has_no_point(specimens):
    thailand = specimens.loc["R8"]
    assert (thailand["country"], thailand["level"]) == ("Thailand", "country")
    assert pd.isna(thailand["latitude"])
    assert thailand["country_assignment"] == "by_name"


def test_the_centre_of_a_division_is_flagged(specimens):
    tooele = specimens.loc["R6"]
    assert (tooele["level"], tooele["place"]) == ("admin2", "Tooele County")
    assert "centroid" in tooele["flags"]
    # From its centre to its far corner.
    assert 90 < tooele["coordinate_uncertainty_km"] < 150


def test_a_region_is_never_located_as_a_place(specimens):
    quebec = specimens.loc["R5"]
    assert quebec["country"] == "Canada"
    assert quebec["level"] == "admin1" or quebec["latitude"] < 46.5


def test_unknown_and_vague_localities_stay_without_country(specimens):
    assert specimens.loc[["R4", "R7"], "country"].isna().all()
    assert (specimens.loc[["R4", "R7"], "level"] == "none").all()
