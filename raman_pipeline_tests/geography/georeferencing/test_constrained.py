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


SEARCH = SearchPlan("NA", (SearchStep(0, "X"),))


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


def chosen(found, search=SEARCH, homonyms=1):
    return choose(search, found, lambda name: homonyms)


@pytest.mark.parametrize(
    ("other", "sources", "confidence", "km", "flags"),
    [
        # Two independent sources agree, and the finer point is kept.
        (accepted(at(-19.23, 17.72, radius=1.0), provider="osm"), 2, "high", 1.0, ()),
        # One provider counts once.
        (accepted(at(-19.24, 17.71)), 1, "low", 10.0, ()),
        (accepted(at(-19.24, 18.9), provider="osm"), 1, "low", 10.0, ("sources_disagree",)),
    ],
)
def test_confidence_follows_the_sources_that_agree(other, sources, confidence, km, flags):
    choice = chosen([accepted(at(-19.24, 17.71, population=90_000)), other])
    assert (choice.sources, choice.confidence) == (sources, confidence)
    assert (choice.coordinate_uncertainty_km, choice.flags) == (km, flags)


def test_of_far_apart_places_of_one_name_a_wider_place_decides():
    found = [accepted(at(-19.24, 17.71)), accepted(at(-27.0, 17.0))]
    assert chosen(found, homonyms=2) == ("ambiguous_place",)
    search = SearchPlan("NA", (SearchStep(0, "X"), SearchStep(1, "W")))
    choice = chosen([*found, accepted(at(-26.9, 17.1, name="W"), segment=1)], search, homonyms=2)
    assert (choice.found.candidate.latitude, choice.confidence) == (-27.0, "high")


def test_a_common_name_of_a_mine_is_not_taken_for_a_town():
    search = SearchPlan("CL", (SearchStep(0, "Esperanza mine"), SearchStep(0, "X", True)))
    found = [accepted(at(-30.0, -70.0), stripped=True)]
    assert chosen(found, search, homonyms=12) == ("common_name",)
    assert isinstance(chosen(found, search), PlaceChoice)


def test_a_place_without_confirmation_is_populous_or_named_by_several_words(atlas):
    search = SearchPlan("DE", (SearchStep(0, "X"), SearchStep(1, "Sauerland")))
    assert chosen([accepted(at(50.0, 8.0))], search) == ("unconfirmed_place",)
    assert isinstance(chosen([accepted(at(50.0, 8.0, population=200_000))], search), PlaceChoice)
    # A name of several words counts within a division.
    divisions = plan(atlas, "Franklin, Sussex County, New Jersey, USA").divisions[:1]
    assert [division.level for division in divisions] == ["admin1"]
    search = SearchPlan("US", (SearchStep(0, "Sterling Hill"), SearchStep(1, "Nowhere")), divisions)
    assert chosen([accepted(at(41.1, -74.6, name="Sterling Hill"))], search).confidence == "medium"
    one_word = [accepted(at(41.1, -74.6, name="Sterling"))]
    assert chosen(one_word, search) == ("unconfirmed_place",)


@pytest.mark.parametrize(("population", "km"), [(0, 30.0), (90_000, 45.0)])
def test_the_uncertainty_grows_where_the_finest_name_is_unknown(population, km):
    search = SearchPlan("NA", (SearchStep(0, "mine"), SearchStep(1, "X")))
    found = [accepted(at(-19.24, 17.71, population=population), segment=1)]
    assert chosen(found, search).coordinate_uncertainty_km == km
