"""Endpoints, licences, policies and rate limits of the geocoding services, by their operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ServiceName = Literal["nominatim", "photon", "arcgis"]


@dataclass(frozen=True)
class ServiceTerms:
    """The terms of a service.

    Attributes:
        endpoint: the public endpoint.
        provider: of its data; two services of one provider count once.
        licence: of the answers.
        policy: address of the operator's terms.
        seconds_between_requests: at the public endpoint, over all processes of a store.
    """

    endpoint: str
    provider: str
    licence: str
    policy: str
    seconds_between_requests: float


TERMS: dict[ServiceName, ServiceTerms] = {
    "nominatim": ServiceTerms(
        "https://nominatim.openstreetmap.org",
        "openstreetmap",
        "ODbL 1.0, © OpenStreetMap contributors",
        "https://operations.osmfoundation.org/policies/nominatim/",
        1.0,
    ),
    "photon": ServiceTerms(
        "https://photon.komoot.io",
        "openstreetmap",
        "ODbL 1.0, © OpenStreetMap contributors",
        "https://photon.komoot.io/ (fair use)",
        1.0,
    ),
    "arcgis": ServiceTerms(
        "https://geocode.arcgis.com",
        "esri",
        "Esri Master Agreement; kept with forStorage=true",
        "https://developers.arcgis.com/rest/geocode/",
        0.1,
    ),
}
