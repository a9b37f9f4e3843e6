"""Everything offline that knows places, together.

What belongs here: the bundle that the strategies share. What does not: its parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from raman_pipeline.geography.geocoding.offline import OfflineGeocoder
from raman_pipeline.geography.maps.admin_divisions import Regions
from raman_pipeline.geography.maps.countries import Countries
from raman_pipeline.geography.maps.gazetteer import Gazetteer
from raman_pipeline.geography.text.country_names import CountryNames


@dataclass(frozen=True)
class Atlas:
    """Names, towns, divisions and country polygons."""

    gazetteer: Gazetteer
    regions: Regions
    countries: Countries

    @cached_property
    def names(self) -> CountryNames:
        """Names of countries and of regions that stand for one."""
        return CountryNames(self.gazetteer.countries(), self.gazetteer.states(), self.gazetteer)

    @cached_property
    def offline(self) -> OfflineGeocoder:
        """The geocoder that needs no network."""
        return OfflineGeocoder(self.gazetteer, self.regions, self.countries)
