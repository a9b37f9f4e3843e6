"""A loopback server with the interfaces of Nominatim, Photon and ArcGIS.

Answers come from a table of places by name; faults are put into a queue, and each
replaces one answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from raman_pipeline_tests.rruff.archive_server import serving


@dataclass(frozen=True)
class Place:
    """A place that the services know."""

    name: str
    country: str
    latitude: float
    longitude: float
    osm_class: str = "place"
    osm_type: str = "town"
    address_type: str = "town"
    arcgis_type: str = "City"
    half_box: float = 0.02

    @property
    def box(self) -> tuple[float, ...]:
        """South, west, north and east."""
        point, half = (self.latitude, self.longitude), self.half_box
        return (*(x - half for x in point), *(x + half for x in point))


@dataclass(frozen=True)
class Fault:
    """What is sent in place of an answer."""

    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    content_type: str = "application/json"


@dataclass
class GeocodingServer:
    """The server; `queries` holds path and parameters of each request, in order."""

    places: list[Place] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    queries: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    pause_s: float = 0.0
    base: str = ""

    @contextmanager
    def serve(self) -> Iterator[GeocodingServer]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
                if parts.path == "/status":
                    self._send(Fault(body='{"status": 0, "data_updated": "2026-11-01"}'))
                    return
                owner.queries.append((parts.path, asked))
                owner.headers.append(dict(self.headers))
                fault = owner.faults.pop(0) if owner.faults else None
                if fault is None:
                    answer = json.dumps(owner.answer(parts.path, asked))
                    fault = Fault(body=answer, delay_s=owner.pause_s)
                self._send(fault)

            def _send(self, answer: Fault) -> None:
                time.sleep(answer.delay_s)
                data = answer.body.encode()
                # A client that timed out is gone.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.content_type)
                    self.send_header("Content-Length", str(len(data)))
                    for name, value in answer.headers:
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(data)

        with serving(Handler) as self.base:
            yield self

    def answer(self, path: str, asked: dict[str, str]) -> Any:
        if path == "/search":
            found = self._named(asked["q"], asked.get("countrycodes", "").upper())
            return [_nominatim(p) for p in found]
        if path == "/api":
            return {"features": [_photon(p) for p in self._named(asked["q"], "")]}
        found = self._named(asked["singleLine"], asked.get("sourceCountry", ""))
        return {"candidates": [_arcgis(p) for p in found]}

    def _named(self, text: str, country: str) -> list[Place]:
        name = text.split(",")[0].strip().lower()
        return [p for p in self.places if p.name.lower() == name and country in ("", p.country)]


def _nominatim(p: Place) -> dict[str, Any]:
    south, west, north, east = p.box
    return {
        "osm_type": "node",
        "lat": f"{p.latitude:.7f}",
        "lon": f"{p.longitude:.7f}",
        "class": p.osm_class,
        "type": p.osm_type,
        "addresstype": p.address_type,
        "display_name": f"{p.name}, Somewhere",
        "address": {p.address_type: p.name, "country_code": p.country.lower()},
        "boundingbox": [str(side) for side in (south, north, west, east)],
    }


def _photon(p: Place) -> dict[str, Any]:
    south, west, north, east = p.box
    about = {"osm_key": p.osm_class, "osm_value": p.osm_type, "name": p.name}
    kind = "city" if p.osm_class == "place" else "other"
    about |= {"type": kind, "countrycode": p.country, "extent": [west, north, east, south]}
    return {"geometry": {"coordinates": [p.longitude, p.latitude]}, "properties": about}


def _arcgis(p: Place) -> dict[str, Any]:
    return {
        "address": f"{p.name}, Somewhere",
        "location": {"x": p.longitude, "y": p.latitude},
        "attributes": {"Type": p.arcgis_type, "PlaceName": p.name, "Country": "NAM"},
        "extent": dict(zip(("ymin", "xmin", "ymax", "xmax"), p.box, strict=True)),
    }
