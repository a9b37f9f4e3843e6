"""Exceptions of geography; every message names the thing and the remedy."""

from __future__ import annotations

from raman_pipeline.common.errors import InputError


class GeographyError(InputError):
    """Anything below."""


class GeocoderError(GeographyError):
    """A geocoder did not answer; never to be taken for "not found"."""


class CacheError(GeographyError):
    """The cache of answers cannot be used."""


class OverrideError(GeographyError):
    """A line of the override file cannot be used."""


class UnknownMapError(GeographyError):
    """A file is not the map that is pinned."""
