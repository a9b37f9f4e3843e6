import pytest

from raman_pipeline.geography.geocoding.geocoder import GeocodeQuery


def answers(atlas, text, iso_a2=None):
    return atlas.offline.find(GeocodeQuery(text, iso_a2))


@pytest.mark.parametrize(
    ("text", "level", "iso_a2"),
    [
        ("Namibia", "country", "NA"),
        ("Congo", "country", "CG"),
        ("USA", "country", "US"),
        ("Oshikoto", "admin1", "NA"),
        ("Tsumeb", "place", "NA"),
        ("Frankfurt am Main", "place", "DE"),
        ("Alice Springs", "place", "AU"),
        ("Tsumeb, Oshikoto, Namibia", "place", "NA"),
        ("Cochise County, Arizona", "admin2", "US"),
    ],
)
def test_the_best_answer(atlas, text, level, iso_a2):
    best = answers(atlas, text)[0]
    assert (best.level, best.iso_a2, best.source) == (level, iso_a2, "geonames")
    assert level != "place" or 10 <= best.coordinate_uncertainty_km <= 60


def test_answers_stay_in_the_named_country_and_division(atlas):
    assert {a.iso_a2 for a in answers(atlas, "Franklin", "US")} == {"US"}
    assert answers(atlas, "Tsumeb, Germany") == answers(atlas, "Nowhere at all") == []
    within = answers(atlas, "Franklin, New Jersey")
    assert 0 < len(within) < len(answers(atlas, "Franklin", "US"))
