"""Parameters and answers of the services."""

import json
import time

import pytest

from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.geography.geocoding.geocoder import GeocodeQuery
from raman_pipeline_tests.geography.geocoding.conftest import QUERY, SERVICES


def test_a_hit_reads_the_same_from_every_service(geocoder):
    best = geocoder.find(QUERY)[0]
    assert (best.source, best.name, best.level) == (geocoder.source, "Tsumeb", "place")
    assert (best.latitude, best.longitude) == (pytest.approx(-19.2333), pytest.approx(17.7167))
    # To the farthest corner of a box of 0.02 degrees to each side.
    assert best.coordinate_uncertainty_km == pytest.approx(3.06, abs=0.1)
    assert best.iso_a2 in ("NA", None)


def test_streets_and_restaurants_are_not_places(geocoder):
    levels = {c.kind: c.level for c in geocoder.find(GeocodeQuery("Tsumeb"))}
    assert levels.pop("highway=residential", levels.pop("Restaurant", None)) == "none"
    assert set(levels.values()) == {"place"}


def test_parameters_of_each_service_at_the_chosen_rate(server, make, tmp_path):
    start = time.monotonic()
    for name in SERVICES:
        make(name, policy=RatePolicy(0.2, attempts=1, clock=tmp_path / "clock")).find(QUERY)
    assert time.monotonic() - start >= 0.4
    (_, nominatim), (_, photon), (path, arcgis) = server.queries
    assert (nominatim["countrycodes"], nominatim["accept-language"]) == ("na", "en")
    assert photon["bbox"] == "11.72,-28.96,25.26,-16.94"
    assert path.endswith("/GeocodeServer/findAddressCandidates")
    assert (arcgis["forStorage"], arcgis["sourceCountry"]) == ("true", "NA")
    assert arcgis["token"] == "secret-token"
    assert "secret-token" not in json.dumps(make("arcgis").cache.table().to_pylist())
