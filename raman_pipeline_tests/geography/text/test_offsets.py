import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.geography.text.offsets import Offset, read_coordinates, read_offset


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("25 miles west of Maricopa", Offset("Maricopa", 25 * 1.609344, 270.0, 45.0)),
        (
            "20 mi SSW of Salt Lake City",
            Offset("Salt Lake City", 20 * 1.609344, 202.5, 11.25),
        ),
        ("60 kilometers south east of Aman", Offset("Aman", 60.0, 135.0, 22.5)),
        ("20 km. from Quarzazate", Offset("Quarzazate", 20.0, None, 180.0)),
        ("12.5 km southeast of the city of Suizhou", Offset("Suizhou", 12.5, 135.0, 22.5)),
        ("500 meters north of Picachos mine", Offset("Picachos mine", 0.5, 0.0, 45.0)),
        ("west of Rosh Pinah", Offset("Rosh Pinah", 0.0, 270.0, 45.0)),
        ("pegmatite near Minh Tien", Offset("Minh Tien", 0.0, None, 180.0)),
        ("500m level", None),
        ("Skorpion", None),
        ("Northwest Territories", None),
    ],
)
def test_offsets(text, offset):
    assert read_offset(text) == offset


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("Dayanpo, China (35°18’N, 113°35’E)", (35.3, 113.5833)),
        ("12° 34' 30\" S, 45° 6' W", (-12.575, -45.1)),
        ("36°N, 117°W", (36.0, -117.0)),
        ("synthesized at 700°C and 1 GPa", None),
        ("level 35°N", None),
    ],
)
def test_coordinates(text, point):
    found = read_coordinates(text)
    assert (found and found[:2]) == (point and pytest.approx(point, abs=1e-3))


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text):
    read_offset(text)
    found = read_coordinates(text)
    assert found is None or (abs(found[0]) <= 90 and abs(found[1]) <= 180)
