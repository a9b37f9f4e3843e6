"""Versions of content that is held in arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np


def arrays_version(arrays: Mapping[str, np.ndarray], extra: str = "") -> str:
    """Returns the SHA-256 of named arrays and a text."""
    digest = hashlib.sha256(extra.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()
