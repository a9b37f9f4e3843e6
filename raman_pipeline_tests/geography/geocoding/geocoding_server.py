"""A loopback server with the interfaces of Nominatim, Photon and ArcGIS.

Answers come from a table of places by name; faults are put into a queue, and each
replaces one answer.
"""

from __future__ import annotations

import json
import threading
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
    times: list[float] = field(default_factory=list)
    pause_s: float = 0.0
    base: str = ""

    @contextmanager
    def serve(self) -> Iterator[GeocodingServer]:
        owner = self
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
                if parts.path == "/status":
                    self._send(200, json.dumps({"status": 0, "data_updated": "2026-11-01"}))
                    return
                with lock:
                    owner.queries.append((parts.path, asked))
                    owner.headers.append(dict(self.headers))
                    owner.times.append(time.monotonic())
                    fault = owner.faults.pop(0) if owner.faults else None
                if fault is not None:
                    time.sleep(fault.delay_s)
                    self._send(fault.status, fault.body, fault.headers, fault.content_type)
                    return
                time.sleep(owner.pause_s)
                self._send(200, json.dumps(owner.answer(parts.path, asked)))

            def _send(self, status, body, headers=(), content_type="application/json") -> None:
                data = body.encode()
                # A client that timed out is gone.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(status)
                    self.send_header("Content-Type", content_type)
                    self.send_header("Content-Length", str(len(data)))
                    for name, value in headers:
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

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
    return {
        "osm_type": "node",
        "lat": f"{p.latitude:.7f}",
        "lon": f"{p.longitude:.7f}",
        "class": p.osm_class,
        "type": p.osm_type,
        "addresstype": p.address_type,
        "name": p.name,
        "display_name": f"{p.name}, Somewhere",
        "address": {p.address_type: p.name, "country_code": p.country.lower()},
        "boundingbox": [
            f"{p.latitude - p.half_box}", f"{p.latitude + p.half_box}",
            f"{p.longitude - p.half_box}", f"{p.longitude + p.half_box}",
        ],
    }  # fmt: skip


def _photon(p: Place) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [p.longitude, p.latitude]},
        "properties": {
            "osm_key": p.osm_class,
            "osm_value": p.osm_type,
            "type": "city" if p.osm_class == "place" else "other",
            "countrycode": p.country,
            "name": p.name,
            "extent": [
                p.longitude - p.half_box, p.latitude + p.half_box,
                p.longitude + p.half_box, p.latitude - p.half_box,
            ],
        },
    }  # fmt: skip


def _arcgis(p: Place) -> dict[str, Any]:
    return {
        "address": f"{p.name}, Somewhere",
        "location": {"x": p.longitude, "y": p.latitude},
        "attributes": {
            "Addr_type": "Locality" if p.arcgis_type != "Restaurant" else "POI",
            "Type": p.arcgis_type,
            "PlaceName": p.name,
            "Country": "NAM",
        },
        "extent": {
            "xmin": p.longitude - p.half_box, "ymin": p.latitude - p.half_box,
            "xmax": p.longitude + p.half_box, "ymax": p.latitude + p.half_box,
        },
    }  # fmt: skip
