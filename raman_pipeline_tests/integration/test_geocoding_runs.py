"""A run with services: over loopback servers, killed in the middle, and resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pyarrow.parquet as pq
import pytest

from raman_pipeline.common.atomic import file_sha256
from raman_pipeline_tests.geography.geocoding.geocoding_server import Fault, GeocodingServer, Place

pytestmark = pytest.mark.integration

PLACES = [
    # Not in GeoNames: a mine, a hill, and a decoy in the wrong country.
    Place("Tsumeb mine", "NA", -19.2467, 17.7069, "man_made", "mineshaft", "mine", "Mine", 0.01),
    Place("Tsumeb mine", "DE", 52.5, 13.3),
    Place("Kukisvumchorr", "RU", 67.66, 33.70, "natural", "peak", "peak", "Mountain", 0.03),
]


def command(*arguments):
    return [sys.executable, "-m", "raman_pipeline.cli.main", *arguments]


@pytest.fixture
def server():
    with GeocodingServer(PLACES).serve() as running:
        yield running


@pytest.fixture
def environment(server, sample_folder):
    return os.environ | {
        "RAMAN_PIPELINE_PROFILE": "rruff",
        "RRUFF_URL": str(sample_folder),
        "GEOCODERS": "nominatim photon",
        "NOMINATIM_URL": server.base,
        "PHOTON_URL": server.base,
    }


def run(environment, store):
    return subprocess.run(
        command("run", "--no-train"),
        env=environment | {"RAMAN_PIPELINE_STORE": str(store)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def key(query):
    return json.dumps(query, sort_keys=True)


def test_a_killed_run_resumes_with_the_next_query(server, environment, tmp_path):
    server.pause_s = 0.05
    process = subprocess.Popen(
        command("run", "--no-train"),
        env=environment | {"RAMAN_PIPELINE_STORE": str(tmp_path / "killed")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 200
    while len(server.queries) < 15:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.2)
    before = [key(q) for q in server.queries]
    server.pause_s = 0.0
    done = run(environment, tmp_path / "killed")
    assert done.returncode == 0, done.stderr[-2000:]
    after = [key(q) for q in server.queries[len(before) :]]
    assert after
    # All but the one in flight were answered, and each query is sent once.
    assert len(set(before) & set(after)) <= 1
    assert max(Counter(after).values()) == 1
    # Progress and an estimate are reported.
    assert "distinct queries" in done.stderr
    assert "cached answers" in done.stderr

    asked = len(server.queries)
    assert run(environment, tmp_path / "whole").returncode == 0
    assert len(server.queries) > asked
    for asset in ("geocoded_localities", "paper_localities", "located_localities"):
        pair = [tmp_path / n / "assets" / f"{asset}.parquet" for n in ("killed", "whole")]
        assert file_sha256(pair[0]) == file_sha256(pair[1]), asset
    answers = pq.read_table(tmp_path / "whole" / "assets" / "geocoder_answers.parquet")
    assert set(answers["status"].to_pylist()) <= {"hit", "empty"}
    assert answers.num_rows == len({key(q) for q in server.queries[asked:]})


def test_a_failing_service_ends_the_run_and_another_run_resumes(server, environment, tmp_path):
    server.faults += [Fault(403, "<html>Access blocked</html>", content_type="text/html")]
    failed = run(environment, tmp_path)
    assert failed.returncode == 1
    output = failed.stdout + failed.stderr
    assert "did not answer" in output
    assert "nothing was taken for not found" in output
    assert "leave nominatim out of GEOCODERS" in output
    assert run(environment, tmp_path).returncode == 0


def test_a_text_is_located_by_the_services(server, environment, tmp_path):
    done = subprocess.run(
        command("locate", "--json", "Tsumeb mine, Oshikoto, Namibia"),
        env=environment | {"RAMAN_PIPELINE_STORE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    row = json.loads(done.stdout)
    assert (row["source"], row["level"], row["iso_a2"]) == ("nominatim", "place", "NA")
    assert (row["lat"], row["lon"]) == (-19.2467, 17.7069)
    assert row["coordinate_uncertainty_km"] < 3
