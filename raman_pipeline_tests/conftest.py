"""Fixtures shared by all tests."""

import gc
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from raman_pipeline_tests.rruff.archive_server import ArchiveServer
from raman_pipeline_tests.s3_server import bucket_server, environment, new_bucket

# How long an example takes says something of the machine only.
hypothesis_settings.register_profile("project", deadline=None)
hypothesis_settings.load_profile("project")
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
# Tests run side by side; threads that fight over two cores make each of them slower.
os.environ["OMP_NUM_THREADS"] = "1"
for name in (
    "RRUFF_URL", "RAMAN_PIPELINE_PROFILE", "RAMAN_PIPELINE_STORE", "DAGSTER_HOME",
    "RAMAN_PIPELINE_FOLDS", "RAMAN_PIPELINE_LOCAL", "RAMAN_PIPELINE_S3_ENDPOINT",
    "RAMAN_PIPELINE_DB", "RAMAN_PIPELINE_ENGINE", "RAY_ADDRESS",
    "GEOCODERS", "NOMINATIM_URL", "PHOTON_URL", "ARCGIS_URL", "ARCGIS_TOKEN",
):  # fmt: skip
    os.environ.pop(name, None)
# Tests contact nobody: the 1:10m map comes from a loopback server where one needs it.
os.environ["NATURAL_EARTH_URL"] = "embedded"
# Whoever runs the tests may have a library of their own.
os.environ["RAMAN_PIPELINE_LIBRARY"] = str(Path(__file__).parent / "no own library")

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"
SAMPLE = PROJECT / "raman_pipeline" / "embedded" / "rruff-sample"


def pytest_collection_modifyitems(items):
    """Whole runs come first, the longest file before all: a worker that ends early has no more."""
    first = ("test_kills", "test_runs", "test_clustering_runs")

    def place(item):
        whole_runs = item.get_closest_marker("integration") is not None
        return not whole_runs, first.index(item.path.stem) if item.path.stem in first else 9

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_open():
    """A Dagster context that no `with` closes prints a traceback, whenever it is collected."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("sqlalchemy.pool").addHandler(handler)
    yield
    gc.collect()
    assert [logging.Formatter().format(record) for record in records] == []


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    return SAMPLE


@pytest.fixture
def sample_site(sample_folder):
    """A web server that publishes the sample archives."""
    server = ArchiveServer()
    for path in sample_folder.glob("*.zip"):
        server.files[f"/{path.name}"] = path.read_bytes()
    with server.serve():
        yield server


def _shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/{name}, which is not here")
    return path


@pytest.fixture(scope="session")
def rruff_mirror() -> Path:
    return _shared("rruff-mirror")


@pytest.fixture(scope="session")
def natural_earth_5() -> Path:
    return _shared("natural-earth/ne_50m_admin_0_countries.geojson")


@pytest.fixture(scope="session")
def postgres():
    """A real Postgres server."""
    from raman_pipeline_tests.postgres_server import PostgresServer, binaries

    if binaries() is None:
        pytest.skip("needs the programs of a Postgres server (Debian: postgresql)")
    pytest.importorskip("psycopg2")
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def atlas():
    """Names, towns, divisions and polygons; reading GeoNames takes seconds."""
    from raman_pipeline.orchestration.resources import Geography
    from raman_pipeline.profiles import load_settings

    return Geography(load_settings("sample")).atlas


@pytest.fixture(scope="session")
def library():
    """A fitted library of simulated minerals."""
    from raman_pipeline_tests.learning.identification.minerals import fitted_library

    return fitted_library()


@pytest.fixture(scope="session")
def library_file(library, tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "mineral_library.safetensors"
    library.to_state().write(path)
    return path


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory):
    """A server of buckets in a process of its own."""
    for name in ("s3fs", "moto", "flask_cors"):
        if find_spec(name) is None:
            pytest.skip(f"needs {name}: `pip install -e .[test]`")
    with bucket_server(tmp_path_factory.mktemp("s3") / "log") as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint, tmp_path, monkeypatch):
    """An empty bucket, and a cache folder of its own for what is read from it."""
    for name, value in environment(s3_endpoint, tmp_path).items():
        monkeypatch.setenv(name, value)
    return new_bucket(s3_endpoint)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one MiB of its own."""
    with _mounted(tmp_path / "disk", "size=1m") as folder:
        yield folder


@pytest.fixture
def read_only():
    """Makes a folder that not even root can write to, empty or with the content of another."""

    @contextmanager
    def make(folder: Path, content: Path | None = None) -> Iterator[Path]:
        with _mounted(folder, "size=1m") as mounted:
            if content is not None:
                shutil.copytree(content, mounted, dirs_exist_ok=True)
            subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
            yield mounted

    return make


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs the command `mount` to make a small disk")
    if done.returncode:
        pytest.skip(f"needs the right to mount a small disk: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        # Lazily, since a process of the test may still hold a file open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
