import sys
import threading
import time

import pytest

from raman_pipeline.common import atomic, storage
from raman_pipeline.common.storage import StoreError, local_copy, on_this_machine, store_path


def test_who_reads_has_one_version_and_each_is_downloaded_once(bucket, monkeypatch):
    path = store_path(f"{bucket.url}/a/table.parquet")
    with pytest.raises(FileNotFoundError):
        local_copy(path)
    path.write_bytes(b"former")
    former = local_copy(path)
    path.write_bytes(b"new")
    assert (former.read_bytes(), local_copy(path).read_bytes()) == (b"former", b"new")
    assert (former.name, local_copy(path).suffix) == ("table.parquet", ".parquet")
    # What this machine wrote, it need not download.
    atomic.write_bytes(path, b"own")
    monkeypatch.setattr(path.fs, "get_file", None)
    assert local_copy(path).read_bytes() == path.read_bytes() == b"own"


def test_versions_that_nobody_reads_any_more_are_removed(bucket, monkeypatch):
    path = store_path(f"{bucket.url}/a")
    path.write_bytes(b"former")
    former = local_copy(path)
    monkeypatch.setattr(storage, "_KEPT_S", -1.0)
    atomic.write_bytes(path, b"new")
    assert not former.exists()


def test_a_replacement_while_an_object_is_downloaded_is_noticed(bucket, monkeypatch):
    path = store_path(f"{bucket.url}/a")
    path.write_bytes(b"former")
    get, calls = path.fs.get_file, []

    def get_slowly(*arguments, **named):
        get(*arguments, **named)
        if not calls:
            path.write_bytes(b"new")
        calls.append(arguments)

    monkeypatch.setattr(path.fs, "get_file", get_slowly)
    assert local_copy(path).read_bytes() == b"new"
    assert len(calls) == 2


@pytest.mark.parametrize("size", [0, 10, 11 * 2**20])
def test_files_of_any_size_stay_as_the_copy_of_their_version(bucket, tmp_path, monkeypatch, size):
    monkeypatch.setattr(storage, "_PART", 5 * 2**20)
    path = store_path(f"{bucket.url}/file")
    (tmp_path / "cache" / "file").write_bytes(b"x" * size)
    storage.put(tmp_path / "cache" / "file", path)
    monkeypatch.setattr(path.fs, "get_file", None)
    assert local_copy(path).stat().st_size == path.stat().st_size == size


def test_a_lock_keeps_others_out_until_it_is_left_or_its_holder_is_gone(bucket, monkeypatch):
    path, order = store_path(f"{bucket.url}/.lock"), []

    def wait():
        with storage.lock(path):
            order.append("second")

    thread = threading.Thread(target=wait)
    with storage.lock(path):
        thread.start()
        time.sleep(1.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert not path.exists()
    # Whoever held this one was killed.
    path.write_bytes(b"of a killed process")
    monkeypatch.setattr(storage, "_LEASE_S", 1.0)
    wait()
    assert not path.exists()


def test_a_lock_is_kept_though_the_server_fails_for_a_while(bucket, monkeypatch):
    monkeypatch.setattr(storage, "_LEASE_S", 3.0)
    path, put, fails, order = store_path(f"{bucket.url}/.lock"), storage._put_if, [1], []

    def put_later(path, **condition):
        if fails and threading.current_thread() not in (threading.main_thread(), thread):
            fails.pop()
            raise OSError(5, "no answer")
        return put(path, **condition)

    def wait():
        with storage.lock(path):
            order.append("second")

    thread = threading.Thread(target=wait)
    monkeypatch.setattr(storage, "_put_if", put_later)
    with storage.lock(path):
        thread.start()
        time.sleep(5)
        order.append("first")
    thread.join()
    assert (order, fails) == (["first", "second"], [])


def test_a_bucket_that_cannot_be_written_is_named(bucket, monkeypatch):
    monkeypatch.setenv(storage.ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setattr(storage, "_ATTEMPTS", 1)
    path = store_path(f"{bucket.url}/file")
    with pytest.raises(atomic.WriteError, match=f"{path}: cannot be written.*{storage.ENDPOINT}"):
        atomic.write_text(path, "x")
    with pytest.raises(atomic.WriteError, match="bucket does not exist"):
        monkeypatch.setenv(storage.ENDPOINT, bucket.endpoint)
        nowhere = store_path("s3://nowhere/file")
        atomic.write_text(nowhere, "x")
    with pytest.raises(StoreError, match="bucket does not exist"), storage.lock(nowhere):
        pass
    with pytest.raises(StoreError, match="no bucket nowhere; make it"):
        storage.require_bucket(nowhere)
    storage.require_bucket(store_path(bucket.url))


@pytest.mark.parametrize("location", ["gs://bucket/x", "s3://", "s3:///x"])
def test_other_addresses_are_refused(location):
    with pytest.raises(StoreError, match="a store is a folder or s3://bucket/prefix"):
        store_path(location)
    with pytest.raises(StoreError, match="an address cannot be used here"):
        on_this_machine(location)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(StoreError, match=r"pip install 'raman-pipeline\[s3\]'"):
        store_path("s3://bucket/x")
