"""The geocoder that needs no network: towns, divisions and countries by exact name."""

from __future__ import annotations

from raman_pipeline.geography.geocoding.geocoder import Candidate, GeocodeQuery
from raman_pipeline.geography.maps.admin_divisions import AdminDivisions, bare_name
from raman_pipeline.geography.maps.countries import Countries
from raman_pipeline.geography.maps.gazetteer import Gazetteer, Town
from raman_pipeline.geography.text.locality import fold
from raman_pipeline.geography.text.name_lists import COUNTRY_ALIASES

MIN_RADIUS_KM = 10.0
MAX_RADIUS_KM = 60.0


class OfflineGeocoder:
    """GeoNames towns, administrative divisions and countries.

    The names of a query are read as geocoders read them: the first is searched for,
    each of the others must be a country or a division that contains it.

    Args:
        gazetteer: towns.
        divisions: administrative divisions.
        countries: polygons, for countries as answers.
    """

    source = "geonames"
    provider = "geonames"

    def __init__(
        self, gazetteer: Gazetteer, divisions: AdminDivisions, countries: Countries
    ) -> None:
        self._gazetteer = gazetteer
        self._divisions = divisions
        self._countries = countries
        # Other geocoders know "USA" and "England", and take a bare "Congo" for Brazzaville.
        countries_by_name = {fold(name): code for code, name in gazetteer.countries()}
        self._codes = COUNTRY_ALIASES | countries_by_name | {"congo": "CG"}

    def find(self, query: GeocodeQuery) -> list[Candidate]:
        """Returns countries, then first-level divisions, then towns, then the rest."""
        name, *context = [part.strip() for part in query.text.split(",")]
        answers = [*self._country(name), *self._named_divisions(name, query.iso_a2)]
        # A text may leave out the end of a name: towns whose name continues are answers, too.
        named = dict.fromkeys([*self._gazetteer.towns(name), *self._gazetteer.namesakes(name)])
        towns = [t for t in named if query.iso_a2 in (None, t.iso_a2)]
        answers += [self._town(t) for t in towns]
        answers = [a for a in answers if all(self._within(a, part) for part in context)]
        order = {"country": 0, "admin1": 1, "place": 2, "admin2": 3}
        return sorted(answers, key=lambda a: (order[a.level], -a.population))

    def _town(self, town: Town) -> Candidate:
        return Candidate(
            self.source,
            town.name,
            "town",
            "place",
            town.iso_a2,
            town.latitude,
            town.longitude,
            # A site named after a town lies nearer to it than to most other towns: the radius
            # reaches to its third neighbour, so it grows where towns are rare.
            round(min(max(town.neighbour_km, MIN_RADIUS_KM), MAX_RADIUS_KM), 1),
            town.population,
        )

    def _named_divisions(self, name: str, iso_a2: str | None) -> list[Candidate]:
        return [
            Candidate(
                self.source, r.name, "division", r.level, r.iso_a2, r.latitude, r.longitude,
                r.coordinate_uncertainty_km,
            )
            for r in self._divisions.find(name, iso_a2)
        ]  # fmt: skip

    def _country(self, name: str) -> list[Candidate]:
        code = self._codes.get(fold(name))
        extent = self._countries.extent(code) if code else None
        if code is None or extent is None:
            return []
        return [Candidate(self.source, name, "country", "country", code, *extent)]

    def _within(self, answer: Candidate, context: str) -> bool:
        code = self._codes.get(fold(context))
        if code is not None:
            return answer.iso_a2 == code
        if bare_name(context) == bare_name(answer.name):
            return True
        return any(
            r.holds(answer.latitude, answer.longitude)
            for r in self._divisions.find(context, answer.iso_a2)
        )
