from raman_pipeline.geography.text.locality import fold
from raman_pipeline.geography.text.name_lists import (
    COUNTRY_ALIASES,
    DIVISION_ALIASES,
    DRAWN_WITH,
    HISTORIC,
    REGIONS,
    TERRITORIES,
    VAGUE,
)


def test_names_are_folded():
    for name in [*COUNTRY_ALIASES, *REGIONS, *HISTORIC, *VAGUE, *DIVISION_ALIASES]:
        assert name == fold(name)


def test_codes_have_a_polygon(atlas):
    codes = {*COUNTRY_ALIASES.values(), *REGIONS.values(), *DRAWN_WITH.values()}
    codes |= {code for codes in HISTORIC.values() for code in codes}
    codes |= {code for pair in TERRITORIES for code in pair}
    assert codes <= atlas.countries.codes


def test_aliases_name_divisions(atlas):
    assert all(atlas.admin_divisions.find(name) for name in DIVISION_ALIASES)
