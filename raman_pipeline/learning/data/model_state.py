"""The stored form of models and other results of learning: arrays and metadata."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from raman_pipeline.common.errors import EarlierVersionError
from raman_pipeline.common.storage import StorePath, local_copy


@dataclass(frozen=True)
class ModelState:
    """A fitted model, or another result of learning, as plain arrays and JSON metadata."""

    arrays: dict[str, np.ndarray]
    metadata: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Writes a safetensors file; the caller makes the write atomic."""
        arrays = {name: np.ascontiguousarray(a) for name, a in self.arrays.items()}
        save_file(arrays, path, metadata={"metadata": json.dumps(self.metadata, sort_keys=True)})

    @classmethod
    def read(cls, path: StorePath) -> ModelState:
        """Reads a file that `write` made.

        Raises:
            EarlierVersionError: the file was written by an earlier version of this package.
        """
        with safe_open(local_copy(path), framework="np") as file:
            header = file.metadata() or {}
            if "metadata" not in header:
                raise EarlierVersionError(path, "its metadata")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return cls(arrays, json.loads(header["metadata"]))
