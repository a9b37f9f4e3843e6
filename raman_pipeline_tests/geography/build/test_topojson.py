import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from raman_pipeline.geography.build.topojson import cut_at_antimeridian, features


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(1, 20), st.floats(1, 5))
@example(179.0, 10.0, 10.0, 2.0)
@settings(max_examples=30)
def test_a_box_over_the_antimeridian_is_cut_and_keeps_its_area(centre, latitude, width, height):
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * [width, height] / 2
    ring = corners + np.array([centre, latitude])
    ring[:, 0] = (ring[:, 0] + 180) % 360 - 180
    parts = cut_at_antimeridian([ring])
    west, _, east, _ = parts.bounds
    assert west >= -180
    assert east <= 180
    assert parts.area == pytest.approx(width * height, rel=1e-6)
    assert parts.buffer(1e-9).covers(Point(centre, latitude))


def test_a_ring_around_the_pole_reaches_it():
    ring = np.array([[x, -70.0] for x in range(-180, 180, 10)] + [[-180.0, -70.0]])
    parts = cut_at_antimeridian([ring])
    assert parts.area == pytest.approx(360 * 20, rel=1e-6)
    assert parts.covers(Point(3, -89))


def test_shared_arcs_are_joined_to_rings():
    # Two squares of ten degrees that share a side, quantised to one degree.
    topology = {
        "transform": {"scale": [1.0, 1.0], "translate": [0, 0]},
        "arcs": [[[10, 0], [0, 10]], [[10, 10], [-10, 0], [0, -10], [10, 0]],
                 [[10, 10], [10, 0], [0, -10], [-10, 0]]],
        "objects": {"countries": {"geometries": [
            {"type": "Polygon", "id": "1", "properties": {"name": "A"}, "arcs": [[0, 1]]},
            {"type": "MultiPolygon", "arcs": [[[~0, 2]]]},
            {"type": None},
        ]}},
    }  # fmt: skip
    first, second = features(topology, "countries")
    assert first[:2] == ("1", "A")
    assert (first[2].bounds, second[2].bounds) == ((0, 0, 10, 10), (10, 0, 20, 10))
