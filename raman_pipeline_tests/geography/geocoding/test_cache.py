import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from raman_pipeline.common.database import postgres_url
from raman_pipeline.geography.errors import CacheError
from raman_pipeline.geography.geocoding.cache import (
    GEOCODER_ANSWERS,
    AnswerProvenance,
    CacheKey,
    GeocodeCache,
)
from raman_pipeline.geography.geocoding.geocoder import GeocodeQuery
from raman_pipeline.geography.geocoding.services import NominatimService

FROM = AnswerProvenance("client 1", None, "ODbL")
VERSION_0_1_0 = """
CREATE TABLE answers (
    provider TEXT NOT NULL, endpoint TEXT NOT NULL, parameters TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('hit', 'empty', 'error')),
    raw TEXT, error TEXT, asked_at TEXT NOT NULL, expires_at TEXT,
    client_version TEXT NOT NULL, data_version TEXT, licence TEXT NOT NULL,
    PRIMARY KEY (provider, endpoint, parameters)
) WITHOUT ROWID;
CREATE TABLE turns (endpoint TEXT PRIMARY KEY, free_at REAL NOT NULL);
"""


@pytest.fixture(params=["file", "database"])
def where(request, tmp_path):
    """A file, or a new database of a real server."""
    if request.param == "file":
        return tmp_path / "cache.sqlite"
    server = request.getfixturevalue("postgres")
    return postgres_url(server.new_database(f"cache-{time.monotonic_ns()}"))


def key(text, source="nominatim", **more):
    return CacheKey(source, "http://there", {"q": text, **more})


def test_hits_empties_and_errors(where):
    cache = GeocodeCache(where)
    assert cache.get(key("a")) is None
    cache.put(key("a"), [{"lat": "1"}], FROM)
    cache.put(key("b"), [], FROM)
    # An error never replaces an answer; it is noted beside it.
    for text in ("a", "c"):
        cache.note_error(key(text), "HTTP 503", FROM)
    assert cache.get(key("a")) == [{"lat": "1"}]
    assert cache.get(key("b")) == []
    assert cache.get(key("c")) is None
    table = cache.table()
    assert GEOCODER_ANSWERS.problems(table) == []
    assert table["status"].to_pylist() == ["hit", "empty", "error"]
    assert table["error"].to_pylist() == ["HTTP 503", None, "HTTP 503"]
    # The key is service, endpoint and parameters in any order.
    cache.put(key("a", country="na"), [{"lat": "1"}], FROM)
    other_order = CacheKey("nominatim", "http://there", {"country": "na", "q": "a"})
    assert cache.get(other_order) == [{"lat": "1"}]
    assert cache.get(key("a", country="de")) is None
    assert cache.get(key("a", source="photon", country="na")) is None


def test_not_found_expires_and_a_hit_does_not(where):
    cache = GeocodeCache(where, empty_days=1e-9)
    cache.put(key("hit"), [{"lat": "1"}], FROM)
    cache.put(key("empty"), [], FROM)
    time.sleep(0.01)
    assert cache.get(key("hit")) is not None
    assert cache.get(key("empty")) is None


def test_writers_share_the_file(where):
    def write(number):
        GeocodeCache(where).put(key(f"{number}"), [{"n": number}], FROM)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert GeocodeCache(where).table().num_rows == 40


def test_answers_of_version_0_1_0_are_read(tmp_path):
    path = tmp_path / "cache.sqlite"
    service = NominatimService("http://there", 1.0)
    parameters = service.parameters(GeocodeQuery("Tsumeb", "NA"))
    canonical = json.dumps(parameters, sort_keys=True, ensure_ascii=False)
    raw = {
        "lat": "-19.2", "lon": "17.7", "class": "place", "type": "town", "name": "Tsumeb",
        "boundingbox": ["-19.3", "-19.1", "17.6", "17.8"], "address": {"country_code": "na"},
    }  # fmt: skip
    row = ("nominatim", "http://there", canonical, "hit", json.dumps([raw]), None)
    row += ("2026-01-01T00:00:00+00:00", None, "geopy 2.4.1", None, "ODbL")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_0_1_0)
        connection.execute(f"INSERT INTO answers VALUES ({','.join('?' * 11)})", row)
        connection.commit()
    cache = GeocodeCache(path)
    (answer,) = cache.get(CacheKey("nominatim", "http://there", parameters))
    assert service.read(answer).coordinate_uncertainty_km == pytest.approx(15.3, abs=0.1)
    cache.put(key("new"), [], FROM)
    assert GEOCODER_ANSWERS.problems(cache.table()) == []
    assert cache.table()["status"].to_pylist() == ["hit", "empty"]


def test_a_damaged_file_and_a_folder_that_cannot_be_written_are_named(read_only, tmp_path):
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"this is no database, and long enough to be read as one" * 100)
    with pytest.raises(CacheError, match=r"cache\.sqlite.*move a damaged file away"):
        GeocodeCache(path)
    with read_only(tmp_path / "disk") as folder, pytest.raises(CacheError, match="make the folder"):
        GeocodeCache(folder / "x" / "cache.sqlite")
