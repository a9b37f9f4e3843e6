import pytest

from raman_pipeline.geography.text.locality import parse_locality


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Brasil", "BR"), ("Böhmen", "CZ"), ("Siam", "TH"), ("Bechuanaland", "BW"),
        ("Katanga", "CD"), ("Etna", "IT"), ("Svalbard", "NO"), ("Réunion", "FR"),
        ("Kerguelen", "TF"), ("Stone Mountain, Georgia", "US"), ("Racha, Georgia", "GE"),
        ("Nuuk, Greenland, Denmark", "GL"), ("Mona Island, Puerto Rico, USA", "PR"),
    ],
)  # fmt: skip
def test_names_in_other_languages_and_of_other_times(atlas, text, iso):
    assert atlas.names.resolve(parse_locality(text)).iso_a2 == iso
    assert atlas.countries.name_of(iso) is not None


@pytest.mark.parametrize(
    ("text", "iso", "flag"),
    [
        ("M'fouati, Republic of the Congo", "CG", None),
        ("Kasolo mine, Shinkolobwe, Shaba Zaire", "CD", "country_in_segment"),
        ("Shinkolobwe, Belgian Congo", "CD", None),
        ("Mogok, Burma", "MM", None),
        ("Broken Hill, Rhodesia", "ZM", "historic_name"),
        ("Bikita, Southern Rhodesia", "ZW", None),
        ("USSR", "RU", "historic_default"),
        ("Tien-Shan Mountains, Tadzhikistan, U.S.S.R", "TJ", "historic_name"),
        ("Lovozero Massif, Kola Peninsula, U.S.S.R.", "RU", "historic_name"),
        ("Joachimsthal, Bohemia, Czechoslovakia", "CZ", "historic_name"),
        ("Pezinok, Czechoslovakia", "SK", "country_from_place"),
        ("Strassfurt, Prussia", "DE", None),
        ("Nkhata Bay, Nyassaland", "MW", None),
        ("Tombstone, Arizona", "US", "from_region"),
        ("Alston Moor, Cumbria, England", "GB", None),
        ("DeMix quarry, Mont St-Hilaire, Quebec", "CA", "from_region"),
        ("Sarabau mine, near Bau, Sarawak, Borneo (Malaysia)", "MY", None),
        ("Skorpion Zinc deposit, west of Rosh Pinah, southern Namibia", "NA", "country_in_segment"),
        ("Salsigne mine, Aude France", "FR", "country_in_segment"),
        ("Graves Mountain, Lincoln County, Georgia", "US", "from_region"),
        ("Gomi deposit, Rioni River Valley, Caucacus Mountains, Georgia", "GE", "ambiguous_name"),
        ("Ait Ahmane, Bou Azzer district, Morroco", "MA", "misspelt"),
        ("Khaidarkan, Kigizstan", "KG", "misspelt"),
        ("Pakistan-Afganistan", "PK", "two_countries"),
        ("Tsumeb", "NA", "country_from_place"),
        ("Ceres", None, None),
        ("Congo, Africa", "CD", "ambiguous_name"),
        ("Brazzaville, Congo", "CG", None),
        ("Kambove, Shaba, Congo", "CD", None),
        ("Jupiter, Florida", "US", "from_region"),
    ],
)
def test_country_from_the_right_and_its_reservation(atlas, text, iso, flag):
    found = atlas.names.resolve(parse_locality(text))
    assert found.iso_a2 == iso
    assert flag is None or flag in found.flags


@pytest.mark.parametrize(
    "text", ["Africa", "Mining concentrate", "xyzzy qwrtp", "Mars", "Meteorite, Moon"]
)
def test_no_country_is_made_up(atlas, text):
    assert atlas.names.resolve(parse_locality(text)).iso_a2 is None
