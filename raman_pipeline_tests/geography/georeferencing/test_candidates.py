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


def test_accepted_candidates_lie_in_the_named_country_which_most_localities_have(located):
    candidates = located["candidates"]
    named = located["localities"].set_index("locality")["iso_a2"]
    accepted = candidates[candidates["refused"].isna()]
    assert (accepted["polygon_iso_a2"].to_numpy() == named[accepted["locality"]].to_numpy()).all()
    # What names no place does not count.
    assert country_rate(located["localities"]) == pytest.approx(6 / 7)


_NAMES = st.sampled_from(
    ["Tsumeb", "Tsumeb mine", "(Tsumeb)", "near Tsumeb", "Oshikoto", "Namibia"]
)


@settings(max_examples=30)
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


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(0.1, 300), st.integers(0, 15))
@example(10.0, 20.0, 0.0, 12)
def test_an_offset_point_is_at_its_distance_and_the_uncertainty_covers_the_sector(
    lat, lon, km, point
):
    bearing = point * 22.5
    width = 45.0 if bearing % 90 == 0 else 22.5 if bearing % 45 == 0 else 11.25
    place = Candidate("geonames", "x", "town", "place", None, lat, lon, 5.0)
    moved = offset_candidate(place, Offset("x", km, bearing, width))
    there, radius = (moved.latitude, moved.longitude), moved.coordinate_uncertainty_km
    assert great_circle((lat, lon), there).km == pytest.approx(km, rel=1e-6)
    edge = great_circle(kilometers=km).destination((lat, lon), bearing=bearing + width)
    # The uncertainty is rounded to 0.1 km; without a distance it grows.
    assert great_circle(there, edge).km <= radius + 0.05
    assert km > 0 or radius == 30.0
