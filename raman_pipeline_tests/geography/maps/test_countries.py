import numpy as np
import pytest

from raman_pipeline.geography.maps.countries import country_table, load_countries


def place(atlas, *points):
    latitude, longitude = np.array(points, dtype=float).T
    return atlas.countries.place(latitude, longitude)


def test_places_and_names(atlas):
    found = place(
        atlas, (-19.24, 17.72), (48.85, 2.35), (59.91, 10.75), (66.0, -172.0),
        (-16.85, -179.97), (-85.0, 60.0), (0.0, -30.0),
    )  # fmt: skip
    assert list(found.iso_a2) == ["NA", "FR", "NO", "RU", "FJ", "AQ", None]
    assert found.country[0] == "Namibia"
    # 10 km and 60 km off the coast of Namibia at Swakopmund (14.52 E).
    found = place(atlas, (-22.68, 14.43), (-22.68, 13.9), (-22.68, 14.8))
    assert list(found.iso_a2) == ["NA", None, "NA"]
    assert list(found.near_coast) == [True, False, False]
    # Codes that several polygons share name the state.
    names = [atlas.countries.name_of(code) for code in ("CY", "AU", "SO", "CD")]
    assert names == ["Cyprus", "Australia", "Somalia", "Dem. Rep. Congo"]


def test_polygons_are_valid_and_within_the_map(atlas):
    assert atlas.countries.frame.is_valid.all()
    west, south, east, north = atlas.countries.frame.total_bounds
    assert (west, east) == (-180, 180)
    assert -90 <= south < north <= 90


def test_against_natural_earth_5(atlas, natural_earth_5):
    newer = load_countries(natural_earth_5)
    assert newer.name_of("NA") == "Namibia"
    areas = [
        country_table(c, {}).groupby("iso_a2")["area_km2"].sum() for c in (atlas.countries, newer)
    ]
    for iso in ("RU", "FJ", "AQ", "US", "CD", "NZ"):
        assert areas[0][iso] == pytest.approx(areas[1][iso], rel=0.01), iso


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no country polygons"):
        load_countries(tmp_path / "none.parquet")
    other = tmp_path / "other.geojson"
    other.write_text('{"type":"FeatureCollection","features":[{"type":"Feature","properties":'
                     '{"a":1},"geometry":{"type":"Point","coordinates":[0,0]}}]}')  # fmt: skip
    with pytest.raises(ValueError, match="NAME and ISO_A2_EH"):
        load_countries(other)
