"""A loopback server, and the three services that query it."""

import pytest

from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.geography.geocoding.cache import GeocodeCache
from raman_pipeline.geography.geocoding.geocoder import GeocodeQuery
from raman_pipeline.geography.geocoding.online import OnlineGeocoder
from raman_pipeline.geography.geocoding.services import (
    ArcGISService,
    NominatimService,
    PhotonService,
)
from raman_pipeline_tests.geography.geocoding.geocoding_server import GeocodingServer, Place

TSUMEB = Place("Tsumeb", "NA", -19.2333, 17.7167)
STREET = Place("Tsumeb", "DE", 52.55, 13.36, "highway", "residential", "road", "Restaurant")
QUERY = GeocodeQuery("Tsumeb", "NA", (-28.96, 11.72, -16.94, 25.26))
PATIENT = RatePolicy(0.0, attempts=3, backoff_s=0.01)
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
