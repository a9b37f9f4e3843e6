import pandas as pd
import pytest
from geopy.distance import great_circle
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raman_pipeline.geography.geocoding.geocoder import Candidate
from raman_pipeline.geography.georeferencing.candidates import (
    clean_localities,
    country_rate,
    geocode_localities,
    offset_candidate,
)
from raman_pipeline.geography.georeferencing.locate import locate_localities
from raman_pipeline.geography.tables import CANDIDATES, LOCALITIES, LOCATED_LOCALITIES
from raman_pipeline.geography.text.offsets import Offset


def test_segments_and_plan_are_in_the_table(located):
    row = located["localities"].set_index("locality").loc["Yates mine, Otter Lake, Quebec, Canada"]
    assert list(row["segments"]) == ["Yates mine", "Otter Lake", "Quebec", "Canada"]
    assert [step["query"] for step in row["steps"]] == ["Yates mine", "Yates", "Otter Lake"]
    assert [division["level"] for division in row["divisions"]] == ["admin1"]


def test_accepted_candidates_lie_in_the_named_country(located):
    candidates = located["candidates"]
    named = located["localities"].set_index("locality")["iso_a2"]
    accepted = candidates[candidates["refused"].isna()]
    assert (accepted["polygon_iso_a2"].to_numpy() == named[accepted["locality"]].to_numpy()).all()


def test_country_rate_counts_only_what_names_a_place(located):
    assert country_rate(located["localities"]) == pytest.approx(6 / 7)


_NAMES = st.sampled_from(
    ["Tsumeb", "Tsumeb mine", "(Tsumeb)", "near Tsumeb", "Oshikoto", "Namibia"]
)


@settings(max_examples=60)
@given(st.lists(_NAMES, min_size=1, max_size=6))
@example(["Pit", "(Tsumeb)", "Shaft", "(Tsumeb)", "Namibia"])
def test_repeated_names_never_break_the_tables(atlas, names):
    frame = pd.DataFrame({"locality": [", ".join(names)], "rruff_id": ["R1"]})
    localities = clean_localities(frame, atlas)
    answers = geocode_localities(localities, atlas, [atlas.offline])
    places = locate_localities(localities, answers, atlas)
    assert LOCALITIES.problems(localities) == []
    assert CANDIDATES.problems(answers) == []
    assert LOCATED_LOCALITIES.problems(places) == []


def moved(latitude, longitude, offset):
    place = Candidate("geonames", "x", "town", "place", None, latitude, longitude, 5.0)
    point = offset_candidate(place, offset)
    return point.latitude, point.longitude, point.coordinate_uncertainty_km


@given(
    st.floats(-80, 80),
    st.floats(-179, 179),
    st.floats(0.1, 300),
    st.sampled_from([0.0, 22.5, 45.0, 90.0, 202.5, 270.0]),
)
def test_an_offset_point_is_at_its_distance_and_the_uncertainty_covers_the_sector(
    lat, lon, km, bearing
):
    width = 45.0 if bearing % 90 == 0 else 22.5 if bearing % 45 == 0 else 11.25
    latitude, longitude, radius = moved(lat, lon, Offset("x", km, bearing, width))
    assert great_circle((lat, lon), (latitude, longitude)).km == pytest.approx(km, rel=1e-6)
    edge = great_circle(kilometers=km).destination((lat, lon), bearing=bearing + width)
    # The uncertainty is rounded to 0.1 km.
    assert great_circle((latitude, longitude), edge).km <= radius + 0.05


def test_without_a_distance_the_point_stays_and_the_uncertainty_grows():
    assert moved(10.0, 20.0, Offset("x", 0.0, 270.0, 45.0)) == (10.0, 20.0, 30.0)
