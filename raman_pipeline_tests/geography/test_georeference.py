import pandas as pd
import pytest

from raman_pipeline.geography.georeference import (
    clean_localities,
    country_rate,
    geocode_localities,
    locate_samples,
)
from raman_pipeline.geography.tables import CANDIDATES, LOCALITIES, LOCATED_SAMPLES

SPECTRA = pd.DataFrame(
    [
        ("R1", "Azurite", "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia", None),
        ("R1", "Azurite", "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia", None),
        ("R2", "Spinel", "Synthetic, made in the Czech Republic", None),
        ("R3", "Sapphire", "Thailand", "A gemstone, grown by flame fusion"),
        ("R4", "Quartz", None, None),
        ("R5", "Yates", "Yates mine, Otter Lake, Quebec, Canada", None),
        ("R6", "Ophir", "Ophir Hill mine, Ophir District, Tooele County, Utah, USA", None),
        ("R7", "Albite", "Africa", "showing polysynthetic twinning"),
        (None, "Nobody", "Bisbee, Arizona, USA", None),
    ],
    columns=["rruff_id", "mineral", "locality", "description"],
)


@pytest.fixture(scope="module")
def located(atlas):
    localities = clean_localities(SPECTRA, atlas.names)
    candidates = geocode_localities(
        localities.to_pandas(), atlas.names, [atlas.gazetteer], atlas.countries
    )
    samples = locate_samples(
        SPECTRA, localities.to_pandas(), candidates.to_pandas(), atlas.countries
    )
    assert LOCALITIES.problems(localities) == []
    assert CANDIDATES.problems(candidates) == []
    assert LOCATED_SAMPLES.problems(samples) == []
    return (
        localities.to_pandas(),
        candidates.to_pandas(),
        samples.to_pandas().set_index("rruff_id"),
    )


def test_every_spectrum_and_specimen_is_counted(located):
    localities, _, samples = located
    assert localities["spectra"].sum() == len(SPECTRA)
    assert sorted(samples.index) == ["R1", "R2", "R3", "R4", "R5", "R6", "R7"]
    assert samples["spectra"].sum() == SPECTRA["rruff_id"].notna().sum()


def test_the_finest_place_within_the_country_wins(located):
    tsumeb = located[2].loc["R1"]
    assert (tsumeb["country"], tsumeb["iso_a2"], tsumeb["level"]) == ("Namibia", "NA", "place")
    assert tsumeb["latitude"] == pytest.approx(-19.23, abs=0.1)
    assert tsumeb["longitude"] == pytest.approx(17.72, abs=0.1)


def test_synthetic_samples_are_nowhere(located):
    synthetic = located[2].loc[["R2", "R3"]]
    assert synthetic["is_synthetic"].all()
    assert synthetic[["country", "latitude", "longitude"]].isna().all(axis=None)


def test_polysynthetic_twinning_is_natural(located):
    assert not located[2].loc["R7", "is_synthetic"]


def test_a_region_is_never_passed_off_as_a_place(located):
    quebec = located[2].loc["R5"]
    assert quebec["country"] == "Canada"
    assert quebec["place"] not in ("Québec", "Quebec")
    assert quebec["level"] == "country" or quebec["latitude"] < 46.5


def test_unknown_and_vague_localities_stay_without_country(located):
    assert located[2].loc[["R4", "R7"], "country"].isna().all()
    assert (located[2].loc[["R4", "R7"], "level"] == "none").all()


def test_accepted_candidates_lie_in_the_named_country(located):
    localities, candidates, _ = located
    named = localities.set_index("locality")["iso_a2"]
    accepted = candidates[candidates["accepted"]]
    assert (accepted["polygon_iso_a2"].to_numpy() == named[accepted["locality"]].to_numpy()).all()


def test_country_rate_counts_only_what_names_a_place(located):
    assert country_rate(located[0]) == pytest.approx(5 / 6)
