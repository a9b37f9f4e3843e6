import pytest

from raman_pipeline.definitions import build_definitions
from raman_pipeline.orchestration import lineage
from raman_pipeline.orchestration.lineage import DERIVED, PARAMETERS, ROOTS, column_sources
from raman_pipeline.orchestration.metadata import COLUMN_LINEAGE, COLUMN_SCHEMA
from raman_pipeline.settings import load_settings


@pytest.fixture(scope="module")
def specs():
    definitions = build_definitions(load_settings("sample"))
    return {s.key.to_user_string(): s for s in definitions.resolve_all_asset_specs()}


@pytest.fixture(scope="module")
def tables(specs):
    return {
        name: [c.name for c in spec.metadata[COLUMN_SCHEMA].columns]
        for name, spec in specs.items()
        if COLUMN_SCHEMA in spec.metadata
    }


@pytest.fixture(scope="module")
def sources(specs):
    return column_sources(specs.values())


def ancestors(specs, name):
    parents = {dep.asset_key.to_user_string() for dep in specs[name].deps}
    return parents.union(*(ancestors(specs, parent) for parent in parents))


def test_sources_exist_upstream(specs, tables, sources):
    for name, by_column in sources.items():
        upstream = ancestors(specs, name)
        for source in {s for group in by_column.values() for s in group}:
            table, column = source.split(".")
            assert table in upstream, (name, source)
            assert column in tables[table], (name, source)


def test_every_column_has_sources_or_is_a_root(specs, tables, sources):
    for name, columns in tables.items():
        if ancestors(specs, name) & set(tables) and name not in ROOTS:
            assert set(columns) - set(sources[name]) <= PARAMETERS, name


def test_hand_written_derivations_are_of_columns_that_exist_and_say_something(
    specs, tables, monkeypatch
):
    derived = {name: lineage._derived(name) for name in tables}
    for name, by_column in derived.items():
        assert set(by_column) - {"*"} <= set(tables[name]), name
    assert set(DERIVED) - {"*_predictions"} <= set(tables)
    assert set(PARAMETERS) <= {column for columns in tables.values() for column in columns}
    monkeypatch.setattr(lineage, "DERIVED", {})
    by_rule = column_sources(specs.values())
    for name, by_column in derived.items():
        for column, found in by_column.items():
            assert by_rule[name].get(column) != found, f"{name}.{column} follows from its name"


def test_columns_name_their_sources(specs):
    columns = {c.name: c for c in specs["located_specimens"].metadata[COLUMN_SCHEMA].columns}
    assert columns["country"].description.endswith("← located_localities.country")
    of_spectra = specs["spectra"].metadata[COLUMN_LINEAGE].deps_by_column
    assert of_spectra["mineral"][0].asset_key.to_user_string() == "parsed_spectra"
    report = {c.name: c for c in specs["geolocation_report"].metadata[COLUMN_SCHEMA].columns}
    assert report["accuracy"].description.endswith("more")
    assert COLUMN_LINEAGE not in specs["countries"].metadata
