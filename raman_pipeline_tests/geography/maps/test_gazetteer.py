import pytest


def test_main_names_come_before_alternate_names(atlas):
    # "Bombay" is an alternate name of Mumbai, and the main name of a town in New Zealand.
    assert [t.iso_a2 for t in atlas.gazetteer.towns("Bombay")] == ["NZ"]
    assert [t.name for t in atlas.gazetteer.towns("Praha")] == ["Prague"]
    assert "CZ" in atlas.gazetteer.countries_of("prag")


def test_the_most_populous_town_comes_first(atlas):
    towns = atlas.gazetteer.towns("Springfield")
    populations = [t.population for t in towns]
    assert len(towns) > 5
    assert populations == sorted(populations, reverse=True)


def test_names_that_continue_are_namesakes(atlas):
    names = {t.name for t in atlas.gazetteer.namesakes("Krásná Hora")}
    assert "Krásná Hora nad Vltavou" in names


def test_distances_to_neighbours_grow_where_towns_are_rare(atlas):
    at_tsumeb = atlas.gazetteer.neighbours_km(-19.2333, 17.7167, 3)
    at_frankfurt = atlas.gazetteer.neighbours_km(50.1155, 8.6842, 3)
    assert at_frankfurt < 10 < 40 < at_tsumeb


@pytest.mark.parametrize(("number", "code"), [("516", "NA"), ("004", "AF")])
def test_codes(atlas, number, code):
    assert atlas.gazetteer.iso_by_number()[number] == code
