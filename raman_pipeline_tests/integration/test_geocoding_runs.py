"""Localities located by services: over loopback servers, killed in the middle, and resumed."""

import json
import shutil
import time
from collections import Counter

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline.common.atomic import file_sha256
from raman_pipeline_tests.geography.geocoding.geocoding_server import Fault, GeocodingServer, Place
from raman_pipeline_tests.integration.conftest import quick_settings, site_of
from raman_pipeline_tests.integration.test_kills import child, run_in_child

pytestmark = pytest.mark.integration

PLACES = [
    # Not in GeoNames: a mine, a hill, and a decoy in the wrong country.
    Place("Tsumeb mine", "NA", -19.2467, 17.7069, "man_made", "mineshaft", "mine", "Mine", 0.01),
    Place("Tsumeb mine", "DE", 52.5, 13.3),
    Place("Kukisvumchorr", "RU", 67.66, 33.70, "natural", "peak", "peak", "Mountain", 0.03),
]


@pytest.fixture
def server(monkeypatch):
    with GeocodingServer(PLACES).serve() as running:
        monkeypatch.setenv("RAMAN_PIPELINE_PROFILE", "rruff")
        monkeypatch.setenv("GEOCODERS", "nominatim photon")
        monkeypatch.setenv("NOMINATIM_URL", running.base)
        monkeypatch.setenv("PHOTON_URL", running.base)
        yield running


@pytest.fixture(params=["small", pytest.param("settings", marks=pytest.mark.long)])
def made(request):
    """A store that was made without services."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def run(monkeypatch):
    """Runs the command on a store."""

    def run_on(settings):
        monkeypatch.setenv("RAMAN_PIPELINE_STORE", str(settings.store))
        monkeypatch.setenv("RRUFF_URL", settings.archives.location)
        return CliRunner().invoke(app, ["run", "--no-train"])

    return run_on


def copied(settings, store):
    shutil.copytree(settings.store, store)
    return quick_settings(store, site_of(settings))


def key(query):
    return json.dumps(query, sort_keys=True)


def test_a_killed_run_resumes_with_the_next_query(made, server, run, tmp_path):
    # The store comes before the server, so that it is made without services.
    killed, whole = (copied(made, tmp_path / name) for name in ("killed", "whole"))
    server.pause_s = 0.05
    process, deadline = child(run_in_child, killed), time.monotonic() + 200
    while len(server.queries) < 15:
        assert process.is_alive(), "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.join()
    time.sleep(0.2)
    before = [key(q) for q in server.queries]
    server.pause_s = 0.0
    done = run(killed)
    assert done.exit_code == 0, done.stderr[-2000:]
    after = [key(q) for q in server.queries[len(before) :]]
    assert after
    # All but the one in flight were answered, and each query is sent once.
    assert len(set(before) & set(after)) <= 1
    assert max(Counter(after).values()) == 1
    # Progress and an estimate are reported.
    assert "distinct queries" in done.stderr
    assert "cached answers" in done.stderr

    asked = len(server.queries)
    assert run(whole).exit_code == 0
    assert len(server.queries) > asked
    for asset in ("geocoded_localities", "paper_localities", "located_localities"):
        pair = [s.asset_store / f"{asset}.parquet" for s in (killed, whole)]
        assert file_sha256(pair[0]) == file_sha256(pair[1]), asset
    answers = pq.read_table(whole.asset_store / "geocoder_answers.parquet")
    assert set(answers["status"].to_pylist()) <= {"hit", "empty"}
    assert answers.num_rows == len({key(q) for q in server.queries[asked:]})


def test_a_failing_service_ends_the_run_and_another_run_resumes(server, small, run, tmp_path):
    server.faults += [Fault(403, "<html>Access blocked</html>", content_type="text/html")]
    store = copied(small, tmp_path / "store")
    failed = run(store)
    assert failed.exit_code == 1
    assert "did not answer" in failed.output
    assert "nothing was taken for not found" in failed.output
    assert "leave nominatim out of GEOCODERS" in failed.output
    assert run(store).exit_code == 0


def test_a_text_is_located_by_the_services(server, monkeypatch, tmp_path):
    monkeypatch.setenv("RAMAN_PIPELINE_STORE", str(tmp_path))
    done = CliRunner().invoke(app, ["locate", "--json", "Tsumeb mine, Oshikoto, Namibia"])
    row = json.loads(done.stdout)
    assert (row["source"], row["level"], row["iso_a2"]) == ("nominatim", "place", "NA")
    assert (row["lat"], row["lon"]) == (-19.2467, 17.7069)
    assert row["coordinate_uncertainty_km"] < 3
