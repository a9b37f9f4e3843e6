import numpy as np
import pytest

from raman_pipeline.geography.maps.admin_divisions import bare_name, says_division
from raman_pipeline.geography.maps.geodesy import distance_km


@pytest.mark.parametrize(
    ("name", "iso", "level", "inside"),
    [
        ("Cochise County", "US", "admin2", (31.7, -109.9)),
        ("Varese Province", "IT", "admin2", (45.8, 8.8)),
        ("Lombardy", "IT", "admin1", (45.5, 9.5)),
        ("Bayern", "DE", "admin1", (48.1, 11.6)),
        ("Cornwall", "GB", "admin2", (50.3, -5.0)),
        ("Oshikoto", "NA", "admin1", (-18.0, 17.0)),
        ("Murmanskaja Oblast'", "RU", "admin1", (67.6, 33.7)),
        ("NSW", "AU", "admin1", (-32.0, 145.0)),
        ("Rome Province", "IT", "admin2", (41.9, 12.5)),
        ("Québec", "CA", "admin1", (46.8, -71.2)),
    ],
)
def test_names(atlas, name, iso, level, inside):
    division = atlas.admin_divisions.find(name, iso)[0]
    assert (division.iso_a2, division.level) == (iso, level)
    assert division.holds(*inside)
    assert not division.holds(-inside[0], inside[1] + 90)
    assert atlas.admin_divisions.find(name, "BR") == []


def test_a_division_reaches_to_its_farthest_vertex(atlas):
    division = atlas.admin_divisions.find("Cochise County", "US")[0]
    corners = np.array(division.polygon.exterior.coords)
    assert atlas.admin_divisions[division.row] is division
    reach = distance_km(division.latitude, division.longitude, corners[:, 1], corners[:, 0])
    assert division.coordinate_uncertainty_km == pytest.approx(reach.max(), abs=0.1)


@pytest.mark.parametrize(
    ("name", "bare", "says"),
    [
        ("Provincia di Varese", "varese", True),
        ("Custer Co.", "custer", True),
        ("Otavi District", "otavi", True),
        ("Tsumeb", "tsumeb", False),
        ("Murmanskaja Oblast'", "murmanskaja", True),
        ("Departement de l'Aude", "laude", True),
    ],
)
def test_bare_names(name, bare, says):
    assert bare_name(name) == bare
    assert says_division(name) is says
