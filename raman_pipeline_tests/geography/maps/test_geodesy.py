import pytest
from geopy.distance import great_circle
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.geography.maps.geodesy import (
    destination,
    distance_km,
    separation_km,
    unit_vectors,
)

_LATITUDE, _LONGITUDE = st.floats(-89, 89), st.floats(-180, 180)


@given(_LATITUDE, _LONGITUDE, _LATITUDE, _LONGITUDE)
def test_distances_are_those_of_geopy(a, b, c, d):
    expected = pytest.approx(great_circle((a, b), (c, d)).km, rel=1e-6, abs=1e-3)
    assert float(distance_km(a, b, [c], [d])[0]) == expected
    assert float(separation_km(unit_vectors(a, b), unit_vectors(c, d))) == expected


@given(st.floats(-80, 80), _LONGITUDE, st.floats(0.1, 300), st.floats(0, 360))
def test_a_destination_is_at_the_given_distance(latitude, longitude, km, bearing):
    there = destination(latitude, longitude, km, bearing)
    assert float(distance_km(latitude, longitude, *there)) == pytest.approx(km, rel=1e-6)
