"""Resources: plain domain objects, made from settings.

What belongs here: what assets share besides data. What does not: IO managers (see
`io_managers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from raman_pipeline.geography.countries import Countries, load_countries
from raman_pipeline.geography.country_names import CountryNames
from raman_pipeline.geography.gazetteer import Gazetteer, load_gazetteer
from raman_pipeline.rruff.archive_store import ARCHIVE_NAMES, ArchiveStore, Remote
from raman_pipeline.rruff.mirror import (
    Acceptance,
    Fetched,
    Progress,
    Source,
    fetch_archive,
    open_source,
)
from raman_pipeline.rruff.transfer import Manners
from raman_pipeline.settings import Settings


@dataclass(frozen=True)
class Rruff:
    """The archives: where they come from and where they are kept."""

    settings: Settings

    @cached_property
    def store(self) -> ArchiveStore:
        """The local store."""
        return ArchiveStore(self.settings.archive_store)

    @cached_property
    def _source(self) -> Source:
        chosen = self.settings.archives
        manners = Manners(
            seconds_between_requests=chosen.seconds_between_requests,
            timeout_s=chosen.timeout_s,
            attempts=chosen.attempts,
            backoff_s=chosen.backoff_s,
            clock=self.settings.archive_store / ".last_request",
        )
        return open_source(chosen.location, manners)

    def fetch(self, name: str, progress: Progress | None = None, accept: bool = False) -> Fetched:
        """Brings one archive up to date; `accept` takes also what looks wrong."""
        acceptance = Acceptance(self.settings.archives.max_shrink, accept)
        return fetch_archive(self._source, self.store, name, progress, acceptance)

    def published(self) -> list[str]:
        """Says of each archive in use where it came from and which version it is."""
        records = (self.store.record(name) for name in ARCHIVE_NAMES)
        return [
            f"{r.url} ({r.members:,} members, sha256 {r.sha256[:12]})"
            for r in records
            if r is not None and r.sha256 is not None
        ]

    def look(self, name: str) -> Remote:
        """Asks the source about one archive without fetching it."""
        return self._source.look(name)


@dataclass(frozen=True)
class Atlas:
    """Everything that knows places."""

    settings: Settings

    @property
    def gazetteer(self) -> Gazetteer:
        """GeoNames, read once a process."""
        return load_gazetteer()

    @cached_property
    def countries(self) -> Countries:
        """Natural Earth."""
        return load_countries(self.settings.geography.countries_file)

    @cached_property
    def names(self) -> CountryNames:
        """Names of countries and regions."""
        gazetteer = self.gazetteer
        return CountryNames(gazetteer.countries(), gazetteer.states(), gazetteer)
