"""The services over a loopback server: cache, retries, errors and the rate."""

import json
import time

import pytest

from raman_pipeline.geography.errors import GeocoderError
from raman_pipeline.geography.geocoding.geocoder import GeocodeQuery
from raman_pipeline_tests.geography.geocoding.conftest import PATIENT, QUERY
from raman_pipeline_tests.geography.geocoding.geocoding_server import Fault

NOWHERE = GeocodeQuery("Nowhere at all", "NA")


def test_not_found_is_cached(geocoder, server):
    assert geocoder.find(NOWHERE) == geocoder.find(NOWHERE) == []
    assert len(server.queries) == 1
    assert server.headers[0]["User-Agent"].startswith("raman-pipeline/")
    assert (geocoder.tally.sent, geocoder.tally.empty, geocoder.tally.cached) == (1, 1, 1)
    assert geocoder.cache.table()["status"].to_pylist() == ["empty"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(503),
        Fault(500, "<html>Internal error</html>", content_type="text/html"),
        Fault(429, headers=(("Retry-After", "0"),)),
        Fault(200, "<html><body>Bandwidth limit</body></html>", content_type="text/html"),
        Fault(200, '[{"lat": "1'),
        Fault(200, '{"unexpected": true}'),
        Fault(200, '[{"place_id": 1}]'),
    ],
    ids=["503", "500 html", "429", "html with 200", "cut json", "other json", "no coordinates"],
)
def test_an_error_is_retried_and_never_taken_for_not_found(geocoder, server, fault):
    server.faults.append(fault)
    assert geocoder.find(QUERY)[0].name == "Tsumeb"
    assert len(server.queries) == 2


def test_lasting_errors_are_raised_and_not_cached(geocoder, server):
    server.faults += [Fault(503)] * PATIENT.attempts
    with pytest.raises(GeocoderError, match="nothing was taken for not found"):
        geocoder.find(QUERY)
    assert geocoder.cache.table()["status"].to_pylist() == ["error"]
    assert geocoder.find(QUERY)[0].name == "Tsumeb"
    assert geocoder.cache.table()["status"].to_pylist() == ["hit"]


@pytest.mark.parametrize(
    ("name", "base", "fault", "sent"),
    [
        ("arcgis", None, Fault(403), 1),
        ("nominatim", None, Fault(429, headers=(("Retry-After", "86400"),)), 1),
        ("photon", "http://127.0.0.1:9", None, 0),
    ],
    ids=["wrong token", "long wait", "no server"],
)
def test_what_cannot_pass_in_this_run_is_not_retried(server, make, name, base, fault, sent):
    server.faults += [fault] * 5
    with pytest.raises(GeocoderError, match=f"{name} at {base or server.base} did not answer"):
        make(name, base).find(QUERY)
    assert len(server.queries) == sent


def test_a_slow_server_is_asked_again_after_the_time_limit(server, make):
    server.faults.append(Fault(200, "[]", delay_s=1.5))
    start = time.monotonic()
    assert make("nominatim", timeout_s=0.3).find(QUERY)[0].name == "Tsumeb"
    assert 0.3 <= time.monotonic() - start < 1.2


def test_what_is_cached(server, make):
    geocoder = make("nominatim")
    geocoder.find(QUERY)
    (row,) = geocoder.cache.table().to_pylist()
    assert (row["source"], row["endpoint"]) == ("nominatim", server.base)
    assert json.loads(row["parameters"])["q"] == "Tsumeb"
    assert json.loads(row["raw"])[0]["osm_type"] == "node"
    assert row["client_version"].startswith("geopy ")
    assert row["data_version"] == "data_updated 2026-11-01"
    assert "ODbL" in row["licence"]
    assert row["expires_at"] is None
