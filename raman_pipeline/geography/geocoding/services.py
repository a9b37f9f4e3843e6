"""The geocoding services Nominatim, Photon and ArcGIS, through geopy.

What belongs here: the parameters and the answers of each. What does not: terms (see
`service_terms`), rates, retries and the cache (see `online`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import geopy
from geopy.geocoders import ArcGIS, Nominatim, Photon

from raman_pipeline import __version__
from raman_pipeline.geography.geocoding.geocoder import Candidate, GeocodeQuery
from raman_pipeline.geography.geocoding.service_terms import ServiceName
from raman_pipeline.geography.maps.geodesy import distance_km

USER_AGENT = f"raman-pipeline/{__version__} (mineral localities of RRUFF; cached, one at a time)"
CLIENT_VERSION = f"geopy {geopy.__version__}"
ANSWERS = 10
MIN_RADIUS_KM = 1.0

_PLACE_KEYS = frozenset({"place", "natural", "mountain_pass", "waterway", "water", "geological"})
_PLACE_TAGS = frozenset(
    {
        ("landuse", "quarry"),
        ("man_made", "adit"),
        ("man_made", "mineshaft"),
        ("man_made", "mine"),
        ("man_made", "spoil_heap"),
        ("historic", "mine"),
        ("historic", "mine_shaft"),
        ("industrial", "mine"),
        ("boundary", "protected_area"),
        ("boundary", "national_park"),
        ("leisure", "nature_reserve"),
    }
)
_ADMIN1 = frozenset({"state", "region", "province"})
_ADMIN2 = frozenset({"county", "state_district", "district"})
# Everything else (roads, shops, offices, stations, buildings) is no place of origin.
_ARCGIS_PLACES = frozenset(
    {"City", "Town", "Village", "Hamlet", "Neighborhood", "Mine", "Mountain", "Mountain Range",
     "Hill", "Valley", "Canyon", "Island", "Lake", "River", "Stream", "Ridge", "Peak", "Volcano",
     "Peninsula", "Desert", "Geographic Feature", "Other Water", "Other Land Feature"}
)  # fmt: skip
_ARCGIS_DIVISIONS = {
    "Country": "country",
    "Territory": "admin1",
    "State or Province": "admin1",
    "County": "admin2",
}


class Service(ABC):
    """A service: translates a query to its parameters, and its answers to candidates.

    Args:
        endpoint: address of the service.
        timeout_s: of a request.
    """

    source: ServiceName
    status_path: str | None = None
    """Path that gives the age of its data, None where there is none."""
    _client_class: type[Any]

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        from geopy.adapters import URLLibAdapter

        self.endpoint = endpoint.rstrip("/")
        parts = urlsplit(self.endpoint)
        self._client = self._client_class(
            scheme=parts.scheme,
            domain=parts.netloc + parts.path,
            timeout=timeout_s,
            user_agent=USER_AGENT,
            adapter_factory=URLLibAdapter,
        )

    @abstractmethod
    def parameters(self, query: GeocodeQuery) -> dict[str, Any]:
        """Returns all that decides the answer, for the cache; never a secret."""

    def query(self, query: GeocodeQuery) -> list[dict[str, Any]]:
        """Returns the raw answers; raises whatever geopy raises."""
        found = self._client.geocode(query.text, exactly_one=False, **self._options(query))
        return [location.raw for location in found or ()]

    @abstractmethod
    def _options(self, query: GeocodeQuery) -> dict[str, Any]:
        """Returns the arguments of geopy's `geocode`."""

    @abstractmethod
    def read(self, raw: Mapping[str, Any]) -> Candidate:
        """Returns a raw answer as a candidate."""


class NominatimService(Service):
    """OpenStreetMap through Nominatim: the country is a filter, names come in English."""

    source = "nominatim"
    status_path = "/status?format=json"
    _client_class = Nominatim

    def parameters(self, query: GeocodeQuery) -> dict[str, Any]:
        return {
            "q": query.text,
            "countrycodes": (query.iso_a2 or "").lower(),
            "limit": ANSWERS,
            "accept-language": "en",
            "addressdetails": 1,
        }

    def _options(self, query: GeocodeQuery) -> dict[str, Any]:
        return {
            "limit": ANSWERS,
            "country_codes": query.iso_a2.lower() if query.iso_a2 else None,
            "language": "en",
            "addressdetails": True,
        }

    def read(self, raw: Mapping[str, Any]) -> Candidate:
        key, tag = str(raw.get("class")), str(raw.get("type"))
        latitude, longitude = float(raw["lat"]), float(raw["lon"])
        south, north, west, east = (float(b) for b in raw["boundingbox"])
        code = raw.get("address", {}).get("country_code")
        return Candidate(
            self.source,
            str(raw.get("name") or raw.get("display_name", "").split(",")[0]),
            f"{key}={tag}",
            _osm_level(key, tag, str(raw.get("addresstype") or tag)),
            code.upper() if code else None,
            latitude,
            longitude,
            _box_radius_km(latitude, longitude, (south, west, north, east)),
        )


class PhotonService(Service):
    """OpenStreetMap through Photon: fuzzy, without a country filter, with a box."""

    source = "photon"
    status_path = "/status"
    _client_class = Photon

    def parameters(self, query: GeocodeQuery) -> dict[str, Any]:
        return {
            "q": query.text,
            "limit": ANSWERS,
            "lang": "en",
            "bbox": [round(b, 4) for b in query.box] if query.box else None,
        }

    def _options(self, query: GeocodeQuery) -> dict[str, Any]:
        box = query.box
        bbox = [(box[0], box[1]), (box[2], box[3])] if box else None
        return {"limit": ANSWERS, "language": "en", "bbox": bbox}

    def read(self, raw: Mapping[str, Any]) -> Candidate:
        about = raw["properties"]
        longitude, latitude = raw["geometry"]["coordinates"]
        key, tag = str(about.get("osm_key")), str(about.get("osm_value"))
        extent = about.get("extent")
        # Photon writes west, north, east, south.
        box = (extent[3], extent[0], extent[1], extent[2]) if extent else None
        return Candidate(
            self.source,
            str(about.get("name", "")),
            f"{key}={tag}",
            _osm_level(key, tag, str(about.get("type") or tag)),
            about.get("countrycode"),
            float(latitude),
            float(longitude),
            _box_radius_km(latitude, longitude, box),
            fuzzy=True,
        )


class _StoringArcGIS(ArcGIS):
    """geopy's ArcGIS with further parameters; they are kept out of its debug log."""

    def __init__(self, **connection: Any) -> None:
        super().__init__(**connection)
        self.extra: dict[str, Any] = {}

    def _call_geocoder(self, url: str, callback: Any, **options: Any) -> Any:
        return super()._call_geocoder(f"{url}&{urlencode(self.extra)}", callback, **options)


class ArcGISService(Service):
    """Esri's World Geocoding Service, whose answers may be stored only with a token.

    geopy has no parameter for a token, for `forStorage` or for the country: they are
    added to the address that it requests.
    """

    source = "arcgis"
    _client_class = _StoringArcGIS

    def __init__(self, endpoint: str, timeout_s: float, token: str) -> None:
        super().__init__(endpoint, timeout_s)
        self._token = token

    def parameters(self, query: GeocodeQuery) -> dict[str, Any]:
        return {"singleLine": query.text, "sourceCountry": query.iso_a2, "limit": ANSWERS}

    def _options(self, query: GeocodeQuery) -> dict[str, Any]:
        self._client.extra = {"forStorage": "true", "token": self._token, "maxLocations": ANSWERS}
        if query.iso_a2:
            self._client.extra["sourceCountry"] = query.iso_a2
        return {"out_fields": ["Addr_type", "Type", "PlaceName", "Country", "Score"]}

    def read(self, raw: Mapping[str, Any]) -> Candidate:
        about = raw.get("attributes", {})
        kind = str(about.get("Type") or about.get("Addr_type") or "")
        level = _ARCGIS_DIVISIONS.get(kind) or ("place" if kind in _ARCGIS_PLACES else "none")
        latitude, longitude = raw["location"]["y"], raw["location"]["x"]
        extent = raw.get("extent")
        box = None
        if extent:
            box = (extent["ymin"], extent["xmin"], extent["ymax"], extent["xmax"])
        return Candidate(
            self.source,
            str(about.get("PlaceName") or raw.get("address", "").split(",")[0]),
            kind or "unknown",
            level,
            None,  # the service gives ISO alpha-3; the polygon decides
            float(latitude),
            float(longitude),
            _box_radius_km(latitude, longitude, box),
            fuzzy=True,
        )


def _osm_level(key: str, tag: str, kind: str) -> str:
    """Returns the level of an OpenStreetMap object by its tag and Nominatim's or Photon's kind."""
    if kind == "country" or tag == "country":
        return "country"
    if kind in _ADMIN1 or (key == "place" and tag in _ADMIN1):
        return "admin1"
    if kind in _ADMIN2 or (key == "place" and tag in _ADMIN2):
        return "admin2"
    if key in _PLACE_KEYS or (key, tag) in _PLACE_TAGS:
        return "place"
    return "place" if (key, tag) == ("boundary", "administrative") else "none"


def _box_radius_km(
    latitude: float, longitude: float, box: tuple[float, float, float, float] | None
) -> float:
    """Returns the distance from a point to the farthest corner of a box (S, W, N, E)."""
    if box is None:
        return MIN_RADIUS_KM
    south, west, north, east = box
    corners = distance_km(
        latitude, longitude, [south, south, north, north], [west, east, west, east]
    )
    return round(max(float(corners.max()), MIN_RADIUS_KM), 2)
