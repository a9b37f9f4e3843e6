import json
from unittest.mock import Mock

import pytest

from raman_pipeline.geography.maps import gazetteer


def test_towns_of_a_name(atlas):
    # "Bombay" is an alternate name of Mumbai, and the main name of a town in New Zealand.
    assert [t.iso_a2 for t in atlas.gazetteer.towns("Bombay")] == ["NZ"]
    assert [t.name for t in atlas.gazetteer.towns("Praha")] == ["Prague"]
    assert "CZ" in atlas.gazetteer.countries_of("prag")
    # The most populous town comes first.
    populations = [t.population for t in atlas.gazetteer.towns("Springfield")]
    assert len(populations) > 5
    assert populations == sorted(populations, reverse=True)
    # Names that continue are namesakes.
    names = {t.name for t in atlas.gazetteer.namesakes("Krásná Hora")}
    assert "Krásná Hora nad Vltavou" in names
    # Distances to neighbours grow where towns are rare.
    tsumeb, frankfurt = (atlas.gazetteer.towns(name)[0] for name in ("Tsumeb", "Frankfurt am Main"))
    assert frankfurt.neighbour_km < 10 < 40 < tsumeb.neighbour_km
    assert [atlas.gazetteer.iso_by_number()[n] for n in ("516", "004")] == ["NA", "AF"]


def test_the_index_is_built_once_and_again_where_its_file_is_broken_or_cannot_be_written(
    tmp_path, monkeypatch, read_only
):
    towns = [("Aach", ["Ach"]), ("Bad Ems", []), ("Ach", []), ("Ems", ["Bad Ems"]), ("Zell", [])]
    towns += [("Bad am See", []), ("Bad am See Ost", [])]
    cities = {
        str(i): {"name": name, "alternatenames": others, "countrycode": "DE", "population": 9 - i}
        | {"latitude": 50.0 + i, "longitude": 8.0}
        for i, (name, others) in enumerate(towns)
    }
    file, cache = tmp_path / "cities.json", tmp_path / "cache"
    file.write_text(json.dumps(cities))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    build = Mock(side_effect=gazetteer._build_index)
    monkeypatch.setattr(gazetteer, "_build_index", build)

    def found():
        index = gazetteer._cached_index(file)
        return (
            index.named("ach"),
            index.named("bad ems"),
            index.continuing("bad", ["see", "am"]),
            index.towns,
        )

    first = found()
    assert first[:3] == ([2], [1], [5, 6])
    assert (found(), build.call_count) == (first, 1)
    (stored,) = cache.rglob("*.arrow")
    stored.write_bytes(stored.read_bytes()[:500])
    assert (found(), build.call_count) == (first, 2)
    with read_only(tmp_path / "locked") as locked:
        for folder in (str(locked), "no/home"):
            monkeypatch.setenv("XDG_CACHE_HOME", folder)
            with pytest.warns(UserWarning, match=f"{folder}/raman.*: the index .* XDG_CACHE_HOME"):
                assert found() == first
