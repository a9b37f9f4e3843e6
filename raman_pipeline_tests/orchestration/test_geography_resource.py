"""The map, the services and the settings that choose them."""

import hashlib
import zipfile
from contextlib import contextmanager

import geopandas as gpd
import pytest
from pydantic import SecretStr

from raman_pipeline.common.errors import InputError
from raman_pipeline.geography.errors import UnknownMapError
from raman_pipeline.geography.maps.natural_earth import NATURAL_EARTH_NAME, NATURAL_EARTH_VERSION
from raman_pipeline.orchestration.resources import Geography
from raman_pipeline.profiles import load_settings
from raman_pipeline.settings import GeographySettings, SettingsError
from raman_pipeline_tests.rruff.archive_server import ArchiveServer


@pytest.fixture(scope="module")
def map_zip(tmp_path_factory, natural_earth_5):
    """Natural Earth as the site has it: a zip with a shapefile."""
    folder = tmp_path_factory.mktemp("map")
    frame = gpd.read_file(natural_earth_5)[["NAME", "ISO_A2_EH", "geometry"]]
    frame.to_file(folder / f"{NATURAL_EARTH_NAME}.shp", encoding="utf-8")
    path = folder / f"{NATURAL_EARTH_NAME}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in folder.glob(f"{NATURAL_EARTH_NAME}.[!z]*"):
            archive.write(part, part.name)
    return path.read_bytes()


@contextmanager
def site_with(content):
    server = ArchiveServer()
    if content is not None:
        server.files[f"/{NATURAL_EARTH_NAME}.zip"] = content
    with server.serve():
        yield server


def resource(tmp_path, url, sha256):
    geography = GeographySettings(natural_earth_url=url, natural_earth_sha256=sha256)
    settings = load_settings("sample", store=tmp_path).model_copy(update={"geography": geography})
    return Geography(settings)


def test_the_map_is_downloaded_once_and_used(tmp_path, map_zip):
    sha256 = hashlib.sha256(map_zip).hexdigest()
    with site_with(map_zip) as server:
        first = resource(tmp_path, server.url, sha256)
        assert first.atlas.countries.version.startswith("Natural Earth 4.1.0")
        assert first.fetch_map() is None
        assert first.atlas.countries.version == NATURAL_EARTH_VERSION
        sent = len(server.requests)
        assert resource(tmp_path, server.url, sha256).fetch_map() is None
        assert len(server.requests) == sent
    countries = resource(tmp_path, "http://127.0.0.1:9", sha256).atlas.countries
    assert countries.version == NATURAL_EARTH_VERSION
    # "NA" is read as text, and polygons without a code get one.
    assert [countries.name_of(code) for code in ("NA", "XK")] == ["Namibia", "Kosovo"]


def test_a_file_with_another_hash_is_refused_and_removed(tmp_path, map_zip):
    with site_with(map_zip) as server:
        geography = resource(tmp_path, server.url, "0" * 64)
        with pytest.raises(UnknownMapError, match=r"is not the pinned 0{64}.*Run again"):
            geography.fetch_map()
    assert list((tmp_path / "geography").glob("*.zip")) == []
    assert geography.atlas.countries.version.startswith("Natural Earth 4.1.0")


def test_without_the_map_the_embedded_one_is_used_and_the_reason_given(tmp_path):
    geography = resource(tmp_path, "http://127.0.0.1:9", "0" * 64)
    problem = geography.fetch_map() or ""
    assert "127.0.0.1:9" in problem
    assert "check the address (NATURAL_EARTH_URL)" in problem
    assert geography.atlas.countries.version.startswith("Natural Earth 4.1.0")
    with site_with(None) as server:
        assert "there is no such file" in (resource(tmp_path, server.url, "0").fetch_map() or "")


def test_services_come_from_the_environment(monkeypatch, tmp_path):
    every = [load_settings("rruff", store=tmp_path)]
    chosen = {"GEOCODERS": "photon, nominatim", "NOMINATIM_URL": "http://localhost:8088"}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
        every.append(load_settings("rruff", store=tmp_path))
    # What changes places changes the version.
    assert len({s.version_of(["geography"]) for s in every}) == 3
    settings = every[-1]
    services = Geography(settings).services()
    assert [s.source for s in services] == ["photon", "nominatim"]
    assert [s.service.endpoint for s in services] == [
        "https://photon.komoot.io", "http://localhost:8088",
    ]  # fmt: skip
    # The public one is queried once per second, one's own without a limit.
    assert [s.policy.seconds_between_requests for s in services] == [1.0, 0.0]
    assert {s.provider for s in services} == {"openstreetmap"}
    assert load_settings("sample", store=tmp_path).geography.geocoders == ()


def test_arcgis_needs_its_token_and_keeps_it_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("GEOCODERS", "arcgis")
    with pytest.raises(SettingsError, match="set ARCGIS_TOKEN"):
        load_settings("rruff", store=tmp_path)
    monkeypatch.setenv("ARCGIS_TOKEN", "very-secret")
    settings = load_settings("rruff", store=tmp_path)
    assert settings.geography.arcgis_token == SecretStr("very-secret")
    assert "very-secret" not in str(settings.part(["geography"]))
    assert [s.source for s in Geography(settings).services()] == ["arcgis"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GEOCODERS", "google", "google is no geocoder; use nominatim"),
        ("NOMINATIM_URL", "localhost:8088", "start it with http"),
        ("RAMAN_PIPELINE_FOLDS", "nope.csv", "RAMAN_PIPELINE_FOLDS=nope.csv: no such file"),
        ("RAMAN_PIPELINE_STORE", "gs://bucket/x", "gs://bucket/x: a store is a folder or s3://"),
        ("RAMAN_PIPELINE_FOLDS", "s3://b/x", "_FOLDS=s3://b/x: an address cannot be used here"),
    ],
)
def test_wrong_settings_are_named(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message):
        load_settings("rruff")
