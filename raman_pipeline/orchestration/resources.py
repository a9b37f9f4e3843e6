"""Resources: plain domain objects, made from settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.common.storage import StorePath, local_copy
from raman_pipeline.geography.geocoding.atlas import Atlas
from raman_pipeline.geography.geocoding.cache import GeocodeCache
from raman_pipeline.geography.geocoding.geocoder import Geocoder
from raman_pipeline.geography.geocoding.service_terms import ServiceName
from raman_pipeline.geography.georeferencing.overrides import Override, read_overrides
from raman_pipeline.geography.maps.admin_divisions import load_admin_divisions
from raman_pipeline.geography.maps.countries import load_countries
from raman_pipeline.geography.maps.gazetteer import load_gazetteer
from raman_pipeline.geography.maps.natural_earth import (
    NATURAL_EARTH_NAME,
    NATURAL_EARTH_VERSION,
    adopt,
)
from raman_pipeline.rruff.archive_store import ARCHIVE_NAMES, ArchiveStore, RemoteArchive
from raman_pipeline.rruff.mirror import (
    DownloadProgress,
    Fetched,
    Source,
    UpdatePolicy,
    fetch_archive,
    is_current,
    open_source,
)
from raman_pipeline.rruff.zip_archive import ArchiveError
from raman_pipeline.settings import (
    ArchiveSettings,
    GeographySettings,
    ServiceSettings,
    Settings,
    SettingsError,
)

if TYPE_CHECKING:
    from raman_pipeline.geography.geocoding.online import OnlineGeocoder
    from raman_pipeline.geography.geocoding.services import Service


@dataclass(frozen=True)
class Rruff:
    """The archives: where they come from and where they are kept."""

    settings: Settings

    @cached_property
    def store(self) -> ArchiveStore:
        """The store."""
        downloads = self.settings.on_this_machine / "archives"
        return ArchiveStore(self.settings.archive_store, downloads)

    @cached_property
    def _source(self) -> Source:
        chosen = self.settings.archives
        policy = _rate_policy(chosen, self.settings.on_this_machine / "archives" / ".last_request")
        return open_source(chosen.location, policy)

    def fetch(
        self, name: str, progress: DownloadProgress | None = None, accept: bool = False
    ) -> Fetched:
        """Brings one archive up to date; `accept` also takes an update that would be rejected."""
        policy = UpdatePolicy(self.settings.archives.max_shrink, accept)
        return fetch_archive(self._source, self.store, name, progress, policy)

    def published(self) -> list[str]:
        """Returns URL, size and version of each archive in use."""
        records = (self.store.record(name) for name in ARCHIVE_NAMES)
        return [
            f"{r.url} ({r.members:,} members, sha256 {r.sha256[:12]})"
            for r in records
            if r is not None and r.sha256 is not None
        ]

    def is_current(self, name: str) -> bool:
        """Returns whether the source still has the stored version of one archive."""
        return is_current(self._source, self.store, name)

    def check_remote(self, name: str) -> RemoteArchive:
        """Returns the metadata of one archive at the source, without downloading it."""
        return self._source.check_remote(name)


@dataclass(frozen=True)
class Geography:
    """Maps, the offline geocoder, the geocoding services and their cache."""

    settings: Settings

    @property
    def chosen(self) -> GeographySettings:
        """The settings of geography."""
        return self.settings.geography

    @property
    def _map_file(self) -> StorePath:
        # Named by its hash: another pinned version is another file.
        name = f"{NATURAL_EARTH_NAME}-{self.chosen.natural_earth_sha256[:12]}.zip"
        return self.settings.geography_store / name

    def fetch_map(self) -> str | None:
        """Downloads the 1:10m map unless it is present or not wanted.

        Returns:
            Why the download failed, None where the map is present or not wanted.

        Raises:
            UnknownMapError: what was downloaded is not the pinned file.
        """
        url = self.chosen.natural_earth_url
        if url is None or self._map_file.exists():
            return None
        try:
            policy = RatePolicy(attempts=2, timeout_s=30.0)
            source = open_source(url, policy, "NATURAL_EARTH_URL")
            folder = self.settings.geocoder_cache.parent
            remote, part = source.fetch(NATURAL_EARTH_NAME, folder, None, None)
        except ArchiveError as error:
            return str(error)
        if part is None:
            return f"{remote.url}: there is no such file"
        adopt(part, self._map_file, self.chosen.natural_earth_sha256)
        # The atlas that was loaded before holds the other map.
        self.__dict__.pop("atlas", None)
        return None

    @cached_property
    def atlas(self) -> Atlas:
        """Names, towns, divisions and polygons; the 1:10m map if it was downloaded."""
        if self.chosen.natural_earth_url is not None and self._map_file.exists():
            countries = load_countries(local_copy(self._map_file), NATURAL_EARTH_VERSION)
        else:
            countries = load_countries(self.chosen.countries_file)
        divisions = load_admin_divisions(self.chosen.admin_divisions_file)
        return Atlas(load_gazetteer(), divisions, countries)

    @property
    def overrides(self) -> dict[str, Override]:
        """Locations given by hand, by locality."""
        return read_overrides(self.chosen.overrides_file, self.atlas.countries.codes)

    @cached_property
    def cache(self) -> GeocodeCache:
        """Cached answers of the services."""
        where = self.settings.database_url or self.settings.geocoder_cache
        return GeocodeCache(where, self.chosen.empty_days)

    def services(self) -> list[OnlineGeocoder]:
        """Returns the services that the settings name, in that order."""
        from raman_pipeline.geography.geocoding.online import OnlineGeocoder

        folder = self.settings.geocoder_cache.parent
        return [
            OnlineGeocoder(
                self._service(name, chosen),
                self.cache,
                _rate_policy(chosen, folder / f".last_request_{name}"),
            )
            for name in self.chosen.geocoders
            for chosen in [self.chosen.services[name]]
        ]

    @property
    def geocoders(self) -> list[Geocoder]:
        """The offline geocoder and the services after it."""
        return [self.atlas.offline, *self.services()]

    def _service(self, name: ServiceName, chosen: ServiceSettings) -> Service:
        from raman_pipeline.geography.geocoding.services import (
            ArcGISService,
            NominatimService,
            PhotonService,
        )

        if name == "nominatim":
            return NominatimService(chosen.endpoint, chosen.timeout_s)
        if name == "photon":
            return PhotonService(chosen.endpoint, chosen.timeout_s)
        token = self.chosen.arcgis_token
        if token is None:
            raise SettingsError("arcgis needs a token: set ARCGIS_TOKEN, or leave arcgis out")
        return ArcGISService(chosen.endpoint, chosen.timeout_s, token.get_secret_value())


def _rate_policy(chosen: ArchiveSettings | ServiceSettings, clock: Path) -> RatePolicy:
    return RatePolicy(
        seconds_between_requests=chosen.seconds_between_requests,
        timeout_s=chosen.timeout_s,
        attempts=chosen.attempts,
        backoff_s=chosen.backoff_s,
        clock=clock,
    )
