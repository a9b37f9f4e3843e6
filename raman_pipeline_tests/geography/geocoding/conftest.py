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
CLASSES = {"nominatim": NominatimService, "photon": PhotonService, "arcgis": ArcGISService}
SERVICES = tuple(CLASSES)


@pytest.fixture
def server():
    with GeocodingServer([TSUMEB, STREET]).serve() as running:
        yield running


@pytest.fixture
def make(server, tmp_path):
    """Makes the geocoder of a service."""
    cache = GeocodeCache(tmp_path / "cache.sqlite")

    def make(name, base=None, timeout_s=5.0, policy=PATIENT):
        secret = ("secret-token",) if name == "arcgis" else ()
        service = CLASSES[name](base or server.base, timeout_s, *secret)
        return OnlineGeocoder(service, cache, policy)

    return make


@pytest.fixture(params=SERVICES)
def geocoder(request, make):
    return make(request.param)
