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


def test_names_are_folded_and_what_they_name_is_on_the_maps(atlas):
    for name in [*COUNTRY_ALIASES, *REGIONS, *HISTORIC, *VAGUE, *DIVISION_ALIASES]:
        assert name == fold(name)
    codes = {*COUNTRY_ALIASES.values(), *REGIONS.values(), *DRAWN_WITH.values()}
    codes |= {code for codes in (*HISTORIC.values(), *TERRITORIES) for code in codes}
    assert codes <= atlas.countries.codes
    assert all(atlas.admin_divisions.find(name) for name in DIVISION_ALIASES)
