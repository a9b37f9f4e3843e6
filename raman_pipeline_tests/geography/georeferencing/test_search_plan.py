import pytest

from raman_pipeline.geography.georeferencing.search_plan import SearchPlan, plan_search
from raman_pipeline.geography.text.locality import parse_locality
from raman_pipeline.geography.text.offsets import Offset


def plan(atlas, text):
    locality = parse_locality(text)
    return plan_search(locality, atlas.names.resolve(locality), atlas)


def test_the_finest_names_come_first_without_countries_and_divisions(atlas):
    search = plan(atlas, "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia")
    queries = [(s.segment, s.query) for s in search.steps]
    assert queries == [(0, "Tsumeb mine"), (0, "Tsumeb"), (1, "Tsumeb"), (2, "Otavi District")]
    assert [(level.level, level.name) for level in search.divisions] == [("admin1", "Oshikoto")]
    # The capital of a named division is not queried.
    search = plan(atlas, "Some deposit, Atyrau, Atyrau Oblast', Kazakhstan")
    assert [s.query for s in search.steps] == ["Some deposit", "Some"]


def test_a_division_within_another_is_the_one_meant(atlas):
    search = plan(atlas, "Tip Top mine, Custer County, South Dakota, USA")
    assert [r.name for r in search.divisions] == ["South Dakota", "Custer County"]
    assert search.divisions[1].holds(43.7, -103.5)


def test_an_offset_queries_the_named_place(atlas):
    steps = plan(atlas, "25 miles west of Maricopa city, Arizona, USA").steps
    assert [(s.query, s.stripped) for s in steps] == [("Maricopa city", False), ("Maricopa", True)]
    offset = Offset("Maricopa city", pytest.approx(40.2336), 270.0, 45.0)
    assert [s.offset for s in steps] == [offset, offset]


@pytest.mark.parametrize(
    "text",
    ["Tip Top mine, Custer County, South Dakota, USA", "20 km from Tsumeb (Otavi), Namibia"],
)
def test_a_plan_survives_its_columns(atlas, text):
    searched = plan(atlas, text)
    row = {"iso_a2": searched.iso_a2, **searched.columns()}
    assert SearchPlan.from_row(row, atlas.admin_divisions) == searched
