"""The three services over a loopback server: answers, empties, and everything that goes wrong."""

import json
import time

import pytest

from raman_pipeline.geography.errors import GeocoderError
from raman_pipeline.geography.geocoding.cache import GeocodeCache
from raman_pipeline.geography.geocoding.geocoder import Question
from raman_pipeline.geography.geocoding.online import Manners, OnlineGeocoder
from raman_pipeline.geography.geocoding.services import (
    ArcGISService,
    NominatimService,
    PhotonService,
)
from raman_pipeline_tests.geography.geocoding.geocoding_server import Fault, GeocodingServer, Place

TSUMEB = Place("Tsumeb", "NA", -19.2333, 17.7167)
STREET = Place("Tsumeb", "DE", 52.55, 13.36, "highway", "residential", "road", "Restaurant")
QUESTION = Question("Tsumeb", "NA", (-28.96, 11.72, -16.94, 25.26))
PATIENT = Manners(0.0, attempts=3, backoff_s=0.01)
SERVICES = ("nominatim", "photon", "arcgis")


@pytest.fixture
def server():
    with GeocodingServer([TSUMEB, STREET]).serve() as running:
        yield running


def service_of(name, base, timeout_s=5.0):
    if name == "nominatim":
        return NominatimService(base, timeout_s)
    if name == "photon":
        return PhotonService(base, timeout_s)
    return ArcGISService(base, timeout_s, "secret-token")


@pytest.fixture(params=SERVICES)
def geocoder(request, server, tmp_path):
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    return OnlineGeocoder(service_of(request.param, server.base), cache, PATIENT)


def test_a_hit_reads_the_same_from_every_service(geocoder):
    best = geocoder.find(QUESTION)[0]
    assert (best.source, best.name, best.level) == (geocoder.source, "Tsumeb", "place")
    assert (best.latitude, best.longitude) == (pytest.approx(-19.2333), pytest.approx(17.7167))
    # To the farthest corner of a box of 0.02 degrees to each side.
    assert best.coordinate_uncertainty_km == pytest.approx(3.06, abs=0.1)
    assert best.iso_a2 in ("NA", None)


def test_streets_and_restaurants_are_no_places(geocoder):
    levels = {c.kind: c.level for c in geocoder.find(Question("Tsumeb"))}
    assert levels.pop("highway=residential", levels.pop("Restaurant", None)) == "none"
    assert set(levels.values()) == {"place"}


def test_not_found_is_kept_and_not_asked_again(geocoder, server):
    nowhere = Question("Nowhere at all", "NA")
    assert geocoder.find(nowhere) == geocoder.find(nowhere) == []
    assert len(server.questions) == 1
    assert (geocoder.tally.asked, geocoder.tally.empty, geocoder.tally.cached) == (1, 1, 1)
    assert geocoder.cache.table()["status"].to_pylist() == ["empty"]


def test_it_says_who_it_is(geocoder, server):
    geocoder.find(QUESTION)
    assert server.headers[0]["User-Agent"].startswith("raman-pipeline/")


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
def test_an_error_is_asked_again_and_never_not_found(geocoder, server, fault):
    server.faults.append(fault)
    assert geocoder.find(QUESTION)[0].name == "Tsumeb"
    assert len(server.questions) == 2


@pytest.mark.parametrize("fault", [Fault(503), Fault(200, "<html></html>")], ids=["503", "html"])
def test_lasting_errors_are_told_and_not_kept_as_an_answer(geocoder, server, fault):
    server.faults += [fault] * PATIENT.attempts
    with pytest.raises(GeocoderError, match="nothing was taken for not found"):
        geocoder.find(QUESTION)
    assert geocoder.cache.table()["status"].to_pylist() == ["error"]
    assert geocoder.find(QUESTION)[0].name == "Tsumeb"
    assert geocoder.cache.table()["status"].to_pylist() == ["hit"]


def test_a_slow_server_times_out_and_is_asked_again(server, tmp_path):
    server.faults.append(Fault(200, "[]", delay_s=1.5))
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    geocoder = OnlineGeocoder(service_of("nominatim", server.base, 0.3), cache, PATIENT)
    assert geocoder.find(QUESTION)[0].name == "Tsumeb"


def test_a_wrong_token_is_not_asked_again_and_again(server, tmp_path):
    server.faults += [Fault(403)] * 5
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    geocoder = OnlineGeocoder(service_of("arcgis", server.base), cache, PATIENT)
    with pytest.raises(GeocoderError, match="arcgis"):
        geocoder.find(QUESTION)
    assert len(server.questions) == 1


def test_a_long_pause_is_left_for_the_next_run(server, tmp_path):
    server.faults += [Fault(429, headers=(("Retry-After", "86400"),))] * 5
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    geocoder = OnlineGeocoder(service_of("nominatim", server.base), cache, PATIENT)
    with pytest.raises(GeocoderError, match="did not answer"):
        geocoder.find(QUESTION)
    assert len(server.questions) == 1


def test_retry_after_is_waited_for(server, tmp_path):
    server.faults.append(Fault(429, headers=(("Retry-After", "1"),)))
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    geocoder = OnlineGeocoder(service_of("nominatim", server.base), cache, PATIENT)
    start = time.monotonic()
    assert geocoder.find(QUESTION)
    assert time.monotonic() - start >= 1


def test_nobody_there(tmp_path):
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    geocoder = OnlineGeocoder(service_of("photon", "http://127.0.0.1:9"), cache, PATIENT)
    with pytest.raises(GeocoderError, match=r"photon at http://127.0.0.1:9 did not answer"):
        geocoder.find(QUESTION)


def test_what_each_service_is_asked(server, tmp_path):
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    for name in SERVICES:
        OnlineGeocoder(service_of(name, server.base), cache, PATIENT).find(QUESTION)
    (_, nominatim), (_, photon), (path, arcgis) = server.questions
    assert (nominatim["countrycodes"], nominatim["accept-language"]) == ("na", "en")
    assert photon["bbox"] == "11.72,-28.96,25.26,-16.94"
    assert path.endswith("/GeocodeServer/findAddressCandidates")
    assert (arcgis["forStorage"], arcgis["sourceCountry"]) == ("true", "NA")
    assert arcgis["token"] == "secret-token"
    kept = json.dumps(cache.table().to_pylist())
    assert "secret-token" not in kept


def test_what_is_kept(server, tmp_path):
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    OnlineGeocoder(service_of("nominatim", server.base), cache, PATIENT).find(QUESTION)
    (row,) = cache.table().to_pylist()
    assert row["provider"] == "nominatim"
    assert row["endpoint"] == server.base
    assert json.loads(row["parameters"])["q"] == "Tsumeb"
    assert json.loads(row["raw"])[0]["osm_type"] == "node"
    assert row["client_version"].startswith("geopy ")
    assert row["data_version"] == "data_updated 2026-11-01"
    assert "ODbL" in row["licence"]
    assert row["expires_at"] is None


def test_the_pace_is_kept(server, tmp_path):
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    slow = Manners(0.3, attempts=1)
    geocoder = OnlineGeocoder(service_of("nominatim", server.base), cache, slow)
    start = time.monotonic()
    for text in ("A", "B", "C"):
        geocoder.find(Question(text))
    # Counted from the first turn: one that comes late does not delay the next one's.
    since = [arrival - start for arrival in server.times]
    assert all(s >= 0.3 * turn - 0.01 for turn, s in enumerate(since))
