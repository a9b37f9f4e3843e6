import multiprocessing
import time

import pytest

from raman_pipeline.geography.errors import CacheError
from raman_pipeline.geography.geocoding.cache import GEOCODER_ANSWERS, Asked, GeocodeCache


def asked(text, provider="nominatim", **more):
    return Asked(provider, "http://there", {"q": text, **more}, "client 1", None, "ODbL")


@pytest.fixture
def cache(tmp_path):
    return GeocodeCache(tmp_path / "cache.sqlite")


def test_hits_empties_and_errors(cache):
    assert cache.get(asked("a")) is None
    cache.put(asked("a"), [{"lat": "1"}])
    cache.put(asked("b"), [])
    cache.note_error(asked("c"), "HTTP 503")
    assert cache.get(asked("a")) == [{"lat": "1"}]
    assert cache.get(asked("b")) == []
    assert cache.get(asked("c")) is None
    table = cache.table()
    assert GEOCODER_ANSWERS.problems(table) == []
    assert table["status"].to_pylist() == ["hit", "empty", "error"]
    assert table["error"].to_pylist() == [None, None, "HTTP 503"]


def test_the_key_is_service_endpoint_and_parameters_in_any_order(cache):
    cache.put(asked("a", country="na"), [{"lat": "1"}])
    other_order = Asked(
        "nominatim", "http://there", {"country": "na", "q": "a"}, "client 2", None, "ODbL"
    )
    assert cache.get(other_order) == [{"lat": "1"}]
    assert cache.get(asked("a", country="de")) is None
    assert cache.get(asked("a", provider="photon", country="na")) is None


def test_not_found_expires_and_a_hit_does_not(tmp_path):
    cache = GeocodeCache(tmp_path / "cache.sqlite", empty_days=1e-9)
    cache.put(asked("hit"), [{"lat": "1"}])
    cache.put(asked("empty"), [])
    time.sleep(0.01)
    assert cache.get(asked("hit")) is not None
    assert cache.get(asked("empty")) is None


def test_an_error_never_takes_the_place_of_an_answer(cache):
    cache.put(asked("a"), [{"lat": "1"}])
    cache.note_error(asked("a"), "HTTP 503")
    assert cache.get(asked("a")) == [{"lat": "1"}]
    assert cache.table()["status"].to_pylist() == ["hit"]


def _write(path, name, turns):
    cache = GeocodeCache(path)
    for number in range(25):
        cache.put(asked(f"{name} {number}"), [{"n": number}])
        cache.wait_turn("http://there", 0.02)
        turns.append(time.time())


def test_two_processes_share_file_and_pace(tmp_path):
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        turns = manager.list()
        writers = [
            context.Process(target=_write, args=(tmp_path / "cache.sqlite", name, turns))
            for name in ("a", "b")
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        assert [writer.exitcode for writer in writers] == [0, 0]
        times = sorted(turns)
    cache = GeocodeCache(tmp_path / "cache.sqlite")
    assert cache.table().num_rows == 50
    # 50 turns of 0.02 s that nobody shares take 0.98 s from the first to the last.
    assert times[-1] - times[0] >= 0.9


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"this is no database, and long enough to be read as one" * 100)
    with pytest.raises(CacheError, match=r"cache\.sqlite.*move a damaged file away"):
        GeocodeCache(path)


def test_a_folder_that_cannot_be_written_is_named(read_only, tmp_path):
    with (
        read_only(tmp_path / "disk") as folder,
        pytest.raises(CacheError, match="make the folder writable"),
    ):
        GeocodeCache(folder / "x" / "cache.sqlite")
