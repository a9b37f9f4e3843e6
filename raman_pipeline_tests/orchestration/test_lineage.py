from raman_pipeline.definitions import defs
from raman_pipeline.orchestration import lineage
from raman_pipeline.orchestration.lineage import DERIVED, PARAMETERS, ROOTS, column_sources
from raman_pipeline.orchestration.metadata import COLUMN_LINEAGE, COLUMN_SCHEMA

SPECS = {s.key.to_user_string(): s for s in defs.resolve_all_asset_specs()}
TABLES = {
    name: [c.name for c in spec.metadata[COLUMN_SCHEMA].columns]
    for name, spec in SPECS.items()
    if COLUMN_SCHEMA in spec.metadata
}
SOURCES = column_sources(SPECS.values())


def ancestors(name):
    parents = {dep.asset_key.to_user_string() for dep in SPECS[name].deps}
    return parents.union(*(ancestors(parent) for parent in parents))


def test_sources_exist_upstream():
    for name, by_column in SOURCES.items():
        upstream = ancestors(name)
        for source in {s for group in by_column.values() for s in group}:
            table, column = source.split(".")
            assert table in upstream, (name, source)
            assert column in TABLES[table], (name, source)


def test_every_column_has_sources_or_is_a_root():
    for name, columns in TABLES.items():
        if ancestors(name) & set(TABLES) and name not in ROOTS:
            assert set(columns) - set(SOURCES[name]) <= PARAMETERS, name


def test_hand_written_derivations_are_of_columns_that_exist_and_say_something(monkeypatch):
    derived = {name: lineage._derived(name) for name in TABLES}
    for name, by_column in derived.items():
        assert set(by_column) - {"*"} <= set(TABLES[name]), name
    assert set(DERIVED) - {"*_predictions"} <= set(TABLES)
    assert set(PARAMETERS) <= {column for columns in TABLES.values() for column in columns}
    monkeypatch.setattr(lineage, "DERIVED", {})
    by_rule = column_sources(SPECS.values())
    for name, by_column in derived.items():
        for column, found in by_column.items():
            assert by_rule[name].get(column) != found, f"{name}.{column} follows from its name"


def test_columns_name_their_sources():
    columns = {c.name: c for c in SPECS["located_specimens"].metadata[COLUMN_SCHEMA].columns}
    assert columns["country"].description.endswith("← located_localities.country")
    of_spectra = SPECS["spectra"].metadata[COLUMN_LINEAGE].deps_by_column
    assert of_spectra["mineral"][0].asset_key.to_user_string() == "parsed_spectra"
    report = {c.name: c for c in SPECS["geolocation_report"].metadata[COLUMN_SCHEMA].columns}
    assert report["accuracy"].description.endswith("more")
    assert COLUMN_LINEAGE not in SPECS["countries"].metadata
