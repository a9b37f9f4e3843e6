"""Where the geocoding services are and what they allow, as their operators say.

What belongs here: public endpoints, licences, policies, paces. What does not: how
they are spoken to (see `services`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ServiceName = Literal["nominatim", "photon", "arcgis"]


@dataclass(frozen=True)
class Terms:
    """What a service allows.

    Attributes:
        endpoint: the public one.
        family: whose data it reads; two of one family are one witness.
        licence: of the answers.
        policy: the operator's terms.
        seconds_between_requests: at the public endpoint, over all users of a cache.
    """

    endpoint: str
    family: str
    licence: str
    policy: str
    seconds_between_requests: float


TERMS: dict[ServiceName, Terms] = {
    "nominatim": Terms(
        "https://nominatim.openstreetmap.org",
        "openstreetmap",
        "ODbL 1.0, © OpenStreetMap contributors",
        "https://operations.osmfoundation.org/policies/nominatim/",
        1.0,
    ),
    "photon": Terms(
        "https://photon.komoot.io",
        "openstreetmap",
        "ODbL 1.0, © OpenStreetMap contributors",
        "https://photon.komoot.io/ (fair use)",
        1.0,
    ),
    "arcgis": Terms(
        "https://geocode.arcgis.com",
        "esri",
        "Esri Master Agreement; kept with forStorage=true",
        "https://developers.arcgis.com/rest/geocode/",
        0.1,
    ),
}
