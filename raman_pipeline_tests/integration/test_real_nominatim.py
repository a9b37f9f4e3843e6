"""A real Nominatim on a hand-made map; opt-in, see docs/georeferencing.md.

Run `raman_pipeline_tests/real_nominatim/serve.sh FOLDER`, then these tests with
`REAL_NOMINATIM_URL=http://127.0.0.1:8088`.
"""

import os

import pytest

from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.geography.geocoding.cache import GeocodeCache
from raman_pipeline.geography.geocoding.geocoder import GeocodeQuery
from raman_pipeline.geography.geocoding.online import OnlineGeocoder
from raman_pipeline.geography.geocoding.services import NominatimService
from raman_pipeline.geography.georeferencing.locate import locate_texts

URL = os.environ.get("REAL_NOMINATIM_URL")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not URL, reason="opt-in: REAL_NOMINATIM_URL names no Nominatim"),
]


@pytest.fixture
def geocoder(tmp_path):
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    return OnlineGeocoder(NominatimService(str(URL), 20.0), cache, RatePolicy(0.0))


def test_the_country_keeps_decoys_out_and_a_shop_is_not_a_place(geocoder):
    everywhere = {(c.iso_a2, c.level) for c in geocoder.find(GeocodeQuery("Tsumeb"))}
    assert ("DE", "none") in everywhere
    within = geocoder.find(GeocodeQuery("Tsumeb", "NA"))
    assert {c.iso_a2 for c in within} == {"NA"}
    assert within[0].level == "place"
    levels = {c.kind: c.level for c in geocoder.find(GeocodeQuery("Kombat", "NA"))}
    assert (levels["shop=supermarket"], levels["place=village"]) == ("none", "place")


def test_a_mine_that_geonames_lacks_is_located_and_not_found_is_cached(geocoder, atlas):
    assert geocoder.find(GeocodeQuery("Nowhere at all", "NA")) == []
    (cached,) = geocoder.cache.table().to_pylist()
    assert cached["status"] == "empty"
    assert cached["data_version"]
    (row,) = locate_texts(["Tsumeb mine, Tsumeb, Namibia"], atlas, [atlas.offline, geocoder])
    assert (row["source"], row["iso_a2"], row["level"]) == ("nominatim", "NA", "place")
    assert (row["latitude"], row["longitude"]) == pytest.approx((-19.2467, 17.7069))
    assert row["coordinate_uncertainty_km"] < 15
