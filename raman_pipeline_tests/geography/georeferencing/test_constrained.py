import pytest

from raman_pipeline.geography.geocoding.geocoder import Candidate
from raman_pipeline.geography.georeferencing.constrained import (
    AcceptedCandidate,
    PlaceChoice,
    choose,
    refusal,
)
from raman_pipeline.geography.georeferencing.search_plan import SearchPlan, SearchStep
from raman_pipeline_tests.geography.georeferencing.test_search_plan import plan


def at(latitude, longitude, name="X", radius=10.0, population=0, level="place", **more):
    return Candidate(
        "geonames", name, "town", level, None, latitude, longitude, radius, population, **more
    )


def accepted(candidate, segment=0, provider="geonames", stripped=False):
    return AcceptedCandidate(SearchStep(segment, candidate.name, stripped), provider, candidate)


SEARCH = SearchPlan("NA", (SearchStep(0, "X"),), ())


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
def test_reasons_for_refusal(candidate, polygon, reason):
    assert refusal(SEARCH, SEARCH.steps[0], candidate, polygon) == reason


def test_outside_the_named_division(atlas):
    searched = plan(atlas, "Franklin, Sussex County, New Jersey, USA")
    step = searched.steps[0]
    assert refusal(searched, step, at(41.12, -74.58), "US") is None
    assert refusal(searched, step, at(35.92, -86.87), "US") == "outside_division"


def test_two_independent_sources_agree_and_the_finer_point_is_kept():
    found = [accepted(at(-19.24, 17.71)), accepted(at(-19.23, 17.72, radius=1.0), provider="osm")]
    choice = choose(SEARCH, found, lambda name: 1)
    assert isinstance(choice, PlaceChoice)
    assert (choice.sources, choice.confidence, choice.coordinate_uncertainty_km) == (2, "high", 1.0)


def test_one_provider_counts_once():
    found = [accepted(at(-19.24, 17.71)), accepted(at(-19.24, 17.71))]
    choice = choose(SEARCH, found, lambda name: 1)
    assert isinstance(choice, PlaceChoice)
    assert (choice.sources, choice.confidence) == (1, "low")


def test_sources_that_disagree_are_flagged():
    found = [
        accepted(at(-19.24, 17.71, population=90_000)),
        accepted(at(-19.24, 18.9), provider="osm"),
    ]
    choice = choose(SEARCH, found, lambda name: 1)
    assert isinstance(choice, PlaceChoice)
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
    choice = choose(
        SearchPlan("NA", (SearchStep(0, "X"), SearchStep(1, "W")), ()), found, lambda name: 2
    )
    assert isinstance(choice, PlaceChoice)
    assert choice.found.candidate.latitude == -27.0
    assert choice.confidence == "high"


def test_a_common_name_of_a_mine_is_not_taken_for_a_town():
    searched = SearchPlan("CL", (SearchStep(0, "Esperanza mine"), SearchStep(0, "X", True)), ())
    found = [accepted(at(-30.0, -70.0), stripped=True)]
    assert choose(searched, found, lambda name: 12) == ("common_name",)
    assert isinstance(choose(searched, found, lambda name: 1), PlaceChoice)


def test_a_small_unconfirmed_place_is_not_chosen():
    searched = SearchPlan("DE", (SearchStep(0, "X"), SearchStep(1, "Sauerland")), ())
    assert choose(searched, [accepted(at(50.0, 8.0))], lambda name: 1) == ("unconfirmed_place",)
    city = [accepted(at(50.0, 8.0, population=200_000))]
    assert isinstance(choose(searched, city, lambda name: 1), PlaceChoice)


def test_a_name_of_several_words_within_a_division_needs_no_confirmation(atlas):
    divisions = plan(atlas, "Franklin, Sussex County, New Jersey, USA").divisions[:1]
    assert [division.level for division in divisions] == ["admin1"]
    steps = (SearchStep(0, "Sterling Hill"), SearchStep(1, "Nowhere"))
    searched = SearchPlan("US", steps, divisions)
    found = [accepted(at(41.1, -74.6, name="Sterling Hill"))]
    choice = choose(searched, found, lambda name: 1)
    assert isinstance(choice, PlaceChoice)
    assert choice.confidence == "medium"
    one_word = [accepted(at(41.1, -74.6, name="Sterling"))]
    assert choose(searched, one_word, lambda name: 1) == ("unconfirmed_place",)


def test_the_uncertainty_grows_where_the_finest_name_is_unknown():
    searched = SearchPlan("NA", (SearchStep(0, "mine"), SearchStep(1, "X")), ())
    choice = choose(searched, [accepted(at(-19.24, 17.71), segment=1)], lambda name: 1)
    assert isinstance(choice, PlaceChoice)
    assert choice.coordinate_uncertainty_km == 30.0
    city = choose(searched, [accepted(at(-19, 17, population=90_000), segment=1)], lambda name: 1)
    assert isinstance(city, PlaceChoice)
    assert city.coordinate_uncertainty_km == 45.0
