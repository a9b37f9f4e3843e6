import pytest

from raman_pipeline.geography.geocoding.geocoder import Candidate
from raman_pipeline.geography.georeferencing.constrained import (
    Accepted,
    Choice,
    Search,
    Step,
    choose,
    plan_search,
    refusal,
)
from raman_pipeline.geography.text.locality import parse_locality


def plan(atlas, text):
    locality = parse_locality(text)
    return plan_search(locality, atlas.names.resolve(locality), atlas)


def at(latitude, longitude, name="X", radius=10.0, population=0, level="place", **more):
    return Candidate(
        "geonames", name, "town", level, None, latitude, longitude, radius, population, **more
    )


def accepted(candidate, segment=0, family="geonames", stripped=False):
    return Accepted(Step(segment, candidate.name, stripped), family, candidate)


SEARCH = Search("NA", (Step(0, "X"),), ())


def test_names_are_asked_finest_first_without_countries_and_divisions(atlas):
    search = plan(atlas, "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia")
    asked = [(s.segment, s.query) for s in search.steps]
    assert asked == [(0, "Tsumeb mine"), (0, "Tsumeb"), (1, "Tsumeb"), (2, "Otavi District")]
    assert [(level.level, level.name) for level in search.regions] == [("admin1", "Oshikoto")]


def test_a_division_within_another_is_the_one_meant(atlas):
    search = plan(atlas, "Tip Top mine, Custer County, South Dakota, USA")
    assert [r.level for r in search.regions] == ["admin1", "admin2"]
    assert search.regions[1].holds(43.7, -103.5)


def test_the_capital_of_a_named_division_is_not_asked_for(atlas):
    search = plan(atlas, "Some deposit, Atyrau, Atyrau Oblast', Kazakhstan")
    assert [s.query for s in search.steps] == ["Some deposit", "Some"]


@pytest.mark.parametrize(
    ("candidate", "polygon", "reason"),
    [
        (at(-19.2, 17.7), "NA", None),
        (at(52.5, 13.4), "DE", "outside_country"),
        (at(-19.2, 17.7, level="none"), "NA", "not_a_place"),
        (at(-19.2, 17.7, level="country"), "NA", "whole_country"),
        (at(-19.2, 17.7, level="admin1"), "NA", "division"),
        (at(-19.2, 17.7, name="Otjiwarongo", fuzzy=True), "NA", "other_name"),
        (at(-19.2, 17.7, name="X town", fuzzy=True), "NA", None),
    ],
)
def test_grounds_for_refusal(candidate, polygon, reason):
    assert refusal(SEARCH, SEARCH.steps[0], candidate, polygon) == reason


def test_outside_the_named_division(atlas):
    search = plan(atlas, "Franklin, Sussex County, New Jersey, USA")
    step = search.steps[0]
    assert refusal(search, step, at(41.12, -74.58), "US") is None
    assert refusal(search, step, at(35.92, -86.87), "US") == "outside_division"


def test_two_independent_sources_agree_and_the_finer_point_is_kept():
    found = [accepted(at(-19.24, 17.71)), accepted(at(-19.23, 17.72, radius=1.0), family="osm")]
    choice = choose(SEARCH, found, lambda name: 1)
    assert isinstance(choice, Choice)
    assert (choice.sources, choice.confidence, choice.coordinate_uncertainty_km) == (2, "high", 1.0)


def test_two_of_one_family_are_one_witness():
    found = [accepted(at(-19.24, 17.71)), accepted(at(-19.24, 17.71))]
    choice = choose(SEARCH, found, lambda name: 1)
    assert isinstance(choice, Choice)
    assert (choice.sources, choice.confidence) == (1, "low")


def test_sources_that_disagree_are_flagged():
    found = [
        accepted(at(-19.24, 17.71, population=90_000)),
        accepted(at(-19.24, 18.9), family="osm"),
    ]
    choice = choose(SEARCH, found, lambda name: 1)
    assert isinstance(choice, Choice)
    assert "sources_disagree" in choice.flags
    assert choice.confidence == "low"


def test_far_apart_places_of_one_name_are_ambiguous():
    found = [accepted(at(-19.24, 17.71)), accepted(at(-27.0, 17.0))]
    assert choose(SEARCH, found, lambda name: 2) == ("ambiguous_place",)


def test_a_wider_place_decides_between_them():
    found = [
        accepted(at(-19.24, 17.71)),
        accepted(at(-27.0, 17.0)),
        accepted(at(-26.9, 17.1, name="W"), segment=1),
    ]
    choice = choose(Search("NA", (Step(0, "X"), Step(1, "W")), ()), found, lambda name: 2)
    assert isinstance(choice, Choice)
    assert choice.found.candidate.latitude == -27.0
    assert choice.confidence == "high"


def test_a_common_name_of_a_mine_is_not_taken_for_a_town():
    search = Search("CL", (Step(0, "Esperanza mine"), Step(0, "X", True)), ())
    found = [accepted(at(-30.0, -70.0), stripped=True)]
    assert choose(search, found, lambda name: 12) == ("common_name",)
    assert isinstance(choose(search, found, lambda name: 1), Choice)


def test_a_small_place_that_nothing_confirms_is_left():
    search = Search("DE", (Step(0, "X"), Step(1, "Sauerland")), ())
    assert choose(search, [accepted(at(50.0, 8.0))], lambda name: 1) == ("unconfirmed_place",)
    city = [accepted(at(50.0, 8.0, population=200_000))]
    assert isinstance(choose(search, city, lambda name: 1), Choice)


def test_a_name_of_several_words_within_a_division_needs_no_confirming(atlas):
    regions = plan(atlas, "Franklin, Sussex County, New Jersey, USA").divisions[:1]
    assert [region.level for _, region in regions] == ["admin1"]
    search = Search("US", (Step(0, "Sterling Hill"), Step(1, "Nowhere")), regions)
    found = [accepted(at(41.1, -74.6, name="Sterling Hill"))]
    choice = choose(search, found, lambda name: 1)
    assert isinstance(choice, Choice)
    assert choice.confidence == "medium"
    one_word = [accepted(at(41.1, -74.6, name="Sterling"))]
    assert choose(search, one_word, lambda name: 1) == ("unconfirmed_place",)


def test_the_radius_grows_where_the_finest_name_is_unknown():
    search = Search("NA", (Step(0, "mine"), Step(1, "X")), ())
    choice = choose(search, [accepted(at(-19.24, 17.71), segment=1)], lambda name: 1)
    assert isinstance(choice, Choice)
    assert choice.coordinate_uncertainty_km == 30.0
    city = choose(search, [accepted(at(-19, 17, population=90_000), segment=1)], lambda name: 1)
    assert isinstance(city, Choice)
    assert city.coordinate_uncertainty_km == 45.0


@pytest.mark.parametrize("text", ["Bisbee, Arizona, USA", "Tombstone, Arizona"])
def test_a_state_is_a_division(atlas, text):
    assert [(r.level, r.name) for r in plan(atlas, text).regions] == [("admin1", "Arizona")]
