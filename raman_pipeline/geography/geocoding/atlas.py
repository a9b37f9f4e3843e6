"""The offline data that both strategies share, in one object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from raman_pipeline.geography.geocoding.offline import OfflineGeocoder
from raman_pipeline.geography.maps.admin_divisions import AdminDivisions
from raman_pipeline.geography.maps.countries import Countries
from raman_pipeline.geography.maps.gazetteer import Gazetteer
from raman_pipeline.geography.text.country_names import CountryNames


@dataclass(frozen=True)
class Atlas:
    """Names, towns, administrative divisions and country polygons."""

    gazetteer: Gazetteer
    admin_divisions: AdminDivisions
    countries: Countries

    @cached_property
    def names(self) -> CountryNames:
        """Names of countries, and of regions that imply one."""
        return CountryNames(self.gazetteer.countries(), self.gazetteer.states(), self.gazetteer)

    @cached_property
    def offline(self) -> OfflineGeocoder:
        """The geocoder that needs no network."""
        return OfflineGeocoder(self.gazetteer, self.admin_divisions, self.countries)
