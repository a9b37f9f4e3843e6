import pytest

from raman_pipeline.geography.georeferencing.locate import locate_texts
from raman_pipeline.geography.georeferencing.overrides import Override


def one(atlas, text, overrides=None):
    return locate_texts([text], atlas, [atlas.offline], overrides)[0]


@pytest.mark.parametrize(
    ("text", "iso_a2", "level", "near"),
    [
        # What dropping segments from the left gets wrong.
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
        ("Ural Mountains, Russia", "RU", "country", None),
        ("Patagonia Mountains, Arizona, USA", "US", "place", (31.5, -110.8)),
        ("Flux mine, Arizona, USA", "US", "admin1", (34.3, -111.7)),
        ("Kukisvumchorr Mountain, Kola Peninsula, Russia", "RU", "admin1", (67.8, 34.6)),
    ],
)  # fmt: skip
def test_texts(atlas, text, iso_a2, level, near):
    row = one(atlas, text)
    assert (row["iso_a2"], row["level"]) == (iso_a2, level)
    assert ("fall_site" in row["flags"]) == ("chondrite" in text)
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
    assert (row["country"], row["source"]) == ("South Africa", "override")
    assert (row["country_assignment"], row["flags"]) == ("by_override", ["overridden"])


def test_a_locality_of_a_minority_country_is_flagged(atlas):
    texts = [f"Shaft {i}, Tsumeb, Namibia" for i in (0, 0, 1, 2, 3, 4)]
    *others, last = locate_texts([*texts, "Tsumeb, Berlin, Germany"], atlas, [atlas.offline])
    # Rows are in the order of the texts, and equal texts have equal rows.
    assert [row["locality"] for row in others] == texts
    assert others[0] == others[1]
    assert "minority_country" in last["flags"]
    assert (last["majority"]["iso_a2"], last["majority"]["agreeing"]) == ("NA", 5)
    assert {row["majority"] for row in others} == {None}
