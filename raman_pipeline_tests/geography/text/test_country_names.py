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
    ("text", "iso"),
    [
        ("Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia", "NA"),
        ("Harford County, Maryland, USA", "US"),
        ("Alston Moor, Cumbria, England", "GB"),
        ("Musonoi mine, Kolwezi, Katanga, Congo", "CD"),
        ("M'fouati, Republic of the Congo", "CG"),
        ("Kasolo mine, Shinkolobwe, Shaba Zaire", "CD"),
        ("Shinkolobwe, Belgian Congo", "CD"),
        ("Mogok, Burma", "MM"),
        ("Broken Hill, Rhodesia", "ZM"),
        ("Bikita, Southern Rhodesia", "ZW"),
        ("Tien-Shan Mountains, Tadzhikistan, U.S.S.R", "TJ"),
        ("Lovozero Massif, Kola Peninsula, U.S.S.R.", "RU"),
        ("Joachimsthal, Bohemia, Czechoslovakia", "CZ"),
        ("Pezinok, Czechoslovakia", "SK"),
        ("Strassfurt, Prussia", "DE"),
        ("Nkhata Bay, Nyassaland", "MW"),
        ("Tombstone, Arizona", "US"),
        ("DeMix quarry, Mont St-Hilaire, Quebec", "CA"),
        ("Dundas, Tasmania", "AU"),
        ("Chifeng, Inner Mongolia", "CN"),
        ("Iglesias, Sardinia", "IT"),
        ("Sarabau mine, near Bau, Sarawak, Borneo (Malaysia)", "MY"),
        ("Skorpion Zinc deposit, west of Rosh Pinah, southern Namibia", "NA"),
        ("Salsigne mine, Aude France", "FR"),
        ("Graves Mountain, Lincoln County, Georgia", "US"),
        ("Gomi deposit, Rioni River Valley, Caucacus Mountains, Georgia", "GE"),
        ("Ait Ahmane, Bou Azzer district, Morroco", "MA"),
        ("Tsumeb, Nambia", "NA"),
        ("Broken Hill, New South Wales, Austalia", "AU"),
        ("Khaidarkan, Kigizstan", "KG"),
        ("Zaïre", "CD"),
        ("Kovdor, Kola", "RU"),
        ("Mogok, Myanmar (Burma)", "MM"),
    ],
)
def test_country_from_the_right(atlas, text, iso):
    assert atlas.names.resolve(parse_locality(text)).iso_a2 == iso


@pytest.mark.parametrize("text", ["Africa", "East Africa", "Mining concentrate", "xyzzy qwrtp"])
def test_no_country_is_made_up(atlas, text):
    assert atlas.names.resolve(parse_locality(text)).iso_a2 is None


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("USSR", "historic_default"),
        ("Gomi deposit, Georgia", "ambiguous_name"),
        ("Pakistan-Afganistan", "two_countries"),
        ("Tsumeb, Nambia", "misspelt"),
        ("Tombstone, Arizona", "from_region"),
        ("southern Norway", "country_in_segment"),
        ("Tsumeb", "country_from_place"),
    ],
)
def test_reservations_are_flagged(atlas, text, flag):
    assert flag in atlas.names.resolve(parse_locality(text)).flags
