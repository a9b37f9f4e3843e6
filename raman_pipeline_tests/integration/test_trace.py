"""From any row back to the archive's bytes, the member and the line."""

import json

import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline.common.atomic import file_sha256
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.runs.trace import header_lines, trace
from raman_pipeline_tests.integration.conftest import two_archives

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def settings(small_store):
    with two_archives():
        yield small_store


def row_of(settings, asset, index):
    return StoredTable(settings.asset_store / f"{asset}.parquet").row(index)


def test_a_member_by_id_by_name_and_by_specimen(settings):
    row = row_of(settings, "spectra", 50)
    steps = trace(settings, row["member_id"])
    assert [s.asset for s in steps][:3] == ["rruff_archive", "parsed_spectra", "spectra"]
    assert sum(s.asset == "fold_assignment" for s in steps) == 5
    archive, parsed, merged = steps[:3]
    assert file_sha256(archive.path) == archive.values["sha256"] == row["archive_sha256"]
    assert parsed.values["member"] == row["member"]
    assert (merged.row, merged.values["member_id"]) == (50, row["member_id"])
    by_name = trace(settings, f"folder/{row['member']}")
    assert by_name == steps
    assert {s.asset for s in trace(settings, row["rruff_id"])} >= {s.asset for s in steps}


def test_header_lines_are_those_of_the_file(settings):
    for index in range(0, 58, 5):
        row = row_of(settings, "spectra", index)
        parsed = next(s for s in trace(settings, row["member_id"]) if s.asset == "parsed_spectra")
        lines = dict(header_lines(settings, parsed))
        numbers = dict(part.rsplit("=", 1) for part in row["header_lines"].split("\n"))
        for key, column in (("NAMES", "mineral"), ("LOCALITY", "locality")):
            if row[column] and key in numbers:
                assert lines[int(numbers[key])] == f"##{key}={row[column]}"


def test_a_refused_member_shows_its_line(settings):
    path = settings.asset_store / "refused_members" / "unrated_unoriented.parquet"
    rows = [r for r in StoredTable(path).read().to_pylist() if r["code"] == "ROW"]
    step = next(s for s in trace(settings, rows[0]["member"]) if s.asset == "refused_members")
    assert dict(header_lines(settings, step))[rows[0]["line"]].strip() == rows[0]["text"]


def test_on_the_command_line(settings, monkeypatch):
    monkeypatch.setenv("RAMAN_PIPELINE_STORE", str(settings.store))
    row = row_of(settings, "spectra", 50)
    shown = CliRunner().invoke(app, ["trace", row["member_id"]])
    assert shown.exit_code == 0
    as_json = CliRunner().invoke(app, ["trace", row["member_id"], "--json"])
    assert json.loads(as_json.stdout)[0]["values"]["sha256"] == row["archive_sha256"]
    unknown = CliRunner().invoke(app, ["trace", "R999999"])
    assert unknown.exit_code == 1
