import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raman_pipeline.geography.georeferencing.candidates import (
    clean_localities,
    country_rate,
    geocode_localities,
)
from raman_pipeline.geography.georeferencing.locate import (
    locate_localities,
    locate_specimens,
    locate_texts,
)
from raman_pipeline.geography.georeferencing.overrides import Override
from raman_pipeline.geography.tables import (
    CANDIDATES,
    LOCALITIES,
    LOCATED_LOCALITIES,
    LOCATED_SPECIMENS,
)

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
        ("R8", "Quartz", "Thailand", None),
        (None, "Nobody", "Bisbee, Arizona, USA", None),
    ],
    columns=["rruff_id", "mineral", "locality", "description"],
)


@pytest.fixture(scope="module")
def located(atlas):
    localities = clean_localities(SPECTRA, atlas)
    candidates = geocode_localities(localities.to_pandas(), atlas, [atlas.offline])
    places = locate_localities(localities.to_pandas(), candidates.to_pandas(), atlas)
    samples = locate_specimens(SPECTRA, places.to_pandas())
    assert LOCALITIES.problems(localities) == []
    assert CANDIDATES.problems(candidates) == []
    assert LOCATED_LOCALITIES.problems(places) == []
    assert LOCATED_SPECIMENS.problems(samples) == []
    return (
        localities.to_pandas(),
        candidates.to_pandas(),
        samples.to_pandas().set_index("rruff_id"),
    )


def one(atlas, text, overrides=None):
    return locate_texts([text], atlas, [atlas.offline], overrides)[0]


def test_every_spectrum_and_specimen_is_counted(located):
    localities, _, samples = located
    assert localities["spectra"].sum() == len(SPECTRA)
    assert sorted(samples.index) == ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"]
    assert samples["spectra"].sum() == SPECTRA["rruff_id"].notna().sum()


def test_the_finest_place_within_the_country_wins(located):
    tsumeb = located[2].loc["R1"]
    assert (tsumeb["country"], tsumeb["iso_a2"], tsumeb["level"]) == ("Namibia", "NA", "place")
    assert tsumeb["iso_a3"] == "NAM"
    assert tsumeb["latitude"] == pytest.approx(-19.23, abs=0.1)
    assert tsumeb["longitude"] == pytest.approx(17.72, abs=0.1)
    assert 10 <= tsumeb["coordinate_uncertainty_km"] <= 60
    assert tsumeb["country_assignment"] == "inside"


def test_synthetic_samples_are_nowhere(located):
    synthetic = located[2].loc[["R2", "R3"]]
    assert synthetic["is_synthetic"].all()
    assert synthetic[["country", "latitude", "longitude"]].isna().all(axis=None)
    assert (synthetic["level"] == "none").all()


def test_polysynthetic_twinning_is_natural(located):
    assert not located[2].loc["R7", "is_synthetic"]


def test_specimens_without_coordinates_are_kept_and_flagged(located):
    samples = located[2]
    without = samples["latitude"].isna()
    assert samples["flags"].str.contains("no_coordinates", na=False).equals(without)
    assert without.sum() == 5


def test_a_country_alone_has_no_point(located):
    thailand = located[2].loc["R8"]
    assert (thailand["country"], thailand["level"]) == ("Thailand", "country")
    assert pd.isna(thailand["latitude"])
    assert thailand["country_assignment"] == "by_name"


def test_the_middle_of_a_division_says_so(located):
    tooele = located[2].loc["R6"]
    assert (tooele["level"], tooele["place"]) == ("admin2", "Tooele County")
    assert "centroid" in tooele["flags"]
    # From its centre to its far corner.
    assert 90 < tooele["coordinate_uncertainty_km"] < 150


def test_a_region_is_never_passed_off_as_a_place(located):
    quebec = located[2].loc["R5"]
    assert quebec["country"] == "Canada"
    assert quebec["level"] == "admin1" or quebec["latitude"] < 46.5


def test_unknown_and_vague_localities_stay_without_country(located):
    assert located[2].loc[["R4", "R7"], "country"].isna().all()
    assert (located[2].loc[["R4", "R7"], "level"] == "none").all()


def test_accepted_candidates_lie_in_the_named_country(located):
    localities, candidates, _ = located
    named = localities.set_index("locality")["iso_a2"]
    accepted = candidates[candidates["accepted"]]
    assert (accepted["polygon_iso_a2"].to_numpy() == named[accepted["locality"]].to_numpy()).all()
    assert candidates["accepted"].eq(candidates["refused"].isna()).all()


def test_country_rate_counts_only_what_names_a_place(located):
    assert country_rate(located[0]) == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("text", "iso_a2", "level", "near"),
    [
        # What left truncation gets wrong (GEOGRAPHY.md).
        ("Musonoi mine, Kolwezi, Katanga, Congo", "CD", "place", (-10.7, 25.5)),
        ("Foote mine, Kings Mountain, Cleveland County, North Carolina, USA", "US", "place",
         (35.2, -81.3)),
        ("Jáchymov, Bohemia, Czechoslovakia", "CZ", "place", (50.4, 12.9)),
        ("25 miles west of Maricopa, Maricopa County, Arizona, USA", "US", "place",
         (33.06, -112.5)),
        ("Suizhou L6 chondrite, Dayanpo, 12.5 km southeast of the city of Suizhou, Hubei, China",
         "CN", "place", (31.6, 113.5)),
        ("Mona Island, Puerto Rico, USA", "PR", "country", None),
        ("Vesuvius, Italy", "IT", "country", None),
        ("Flux mine, Arizona, USA", "US", "admin1", (34.3, -111.7)),
        ("Kukisvumchorr Mountain, Kola Peninsula, Russia", "RU", "admin1", (67.8, 34.6)),
    ],
)  # fmt: skip
def test_texts(atlas, text, iso_a2, level, near):
    row = one(atlas, text)
    assert (row["iso_a2"], row["level"]) == (iso_a2, level)
    if near is None:
        assert row["latitude"] is None
    else:
        assert (row["latitude"], row["longitude"]) == pytest.approx(near, abs=0.3)


def test_coordinates_in_the_text_count_where_the_text_does_not_contradict_them(atlas):
    row = one(atlas, "Some outcrop, Hubei Province, China (31°37’N, 113°28’E)")
    assert (row["source"], row["level"]) == ("text", "place")
    assert row["latitude"] == pytest.approx(31.617, abs=0.001)
    # 35 degrees north is not in Hubei.
    other = one(atlas, "Some outcrop, Hubei Province, China (35°18’N, 113°35’E)")
    assert other["source"] != "text"
    assert "written_coordinates_refused" in other["flags"]


def test_an_override_wins(atlas):
    text = "Wessels Mine, Kalahari Mn Field, Namibia"
    known = Override(text, "ZA", -27.112, 22.856, 3.0, "place", "it lies in South Africa")
    assert one(atlas, text)["iso_a2"] == "NA"
    row = one(atlas, text, {text: known})
    assert (row["country"], row["source"], row["country_assignment"]) == (
        "South Africa", "override", "by_override",
    )  # fmt: skip
    assert row["flags"].split() == ["overridden"]


def test_a_meteorite_has_a_fall_site(atlas):
    assert "fall_site" in one(atlas, "Tenham meteorite, Queensland, Australia")["flags"]


def test_an_alias_that_stands_twice_is_asked_for_once(atlas):
    text = "Pit (Tsumeb), Shaft (Tsumeb), Namibia"
    frame = pd.DataFrame({"locality": [text], "rruff_id": ["R1"]})
    localities = clean_localities(frame, atlas).to_pandas()
    answers = geocode_localities(localities, atlas, [atlas.offline])
    assert CANDIDATES.problems(answers) == []
    assert answers["query"].to_pylist() == ["Tsumeb"]


_NAMES = st.sampled_from(
    ["Tsumeb", "Tsumeb mine", "(Tsumeb)", "near Tsumeb", "Oshikoto", "Namibia"]
)


@settings(max_examples=60)
@given(st.lists(_NAMES, min_size=1, max_size=6))
def test_repeated_names_never_break_the_tables(atlas, names):
    frame = pd.DataFrame({"locality": [", ".join(names)], "rruff_id": ["R1"]})
    localities = clean_localities(frame, atlas)
    answers = geocode_localities(localities.to_pandas(), atlas, [atlas.offline])
    places = locate_localities(localities.to_pandas(), answers.to_pandas(), atlas)
    assert LOCALITIES.problems(localities) == []
    assert CANDIDATES.problems(answers) == []
    assert LOCATED_LOCALITIES.problems(places) == []


def test_the_same_text_twice_gives_two_equal_lines(atlas):
    rows = locate_texts(["Tsumeb, Namibia", "Tsumeb, Namibia"], atlas, [atlas.offline])
    assert rows[0] == rows[1]
