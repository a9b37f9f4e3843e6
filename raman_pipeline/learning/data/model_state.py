"""What learning stores: a fitted model, or another result, as arrays and facts.

What belongs here: the file format. What does not: what is in it (each method says).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file


@dataclass(frozen=True)
class ModelState:
    """A fitted model, or another result of learning, as plain arrays and facts: what is stored."""

    arrays: dict[str, np.ndarray]
    about: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Writes a safetensors file; the caller sees to atomicity."""
        arrays = {name: np.ascontiguousarray(a) for name, a in self.arrays.items()}
        save_file(arrays, path, metadata={"about": json.dumps(self.about, sort_keys=True)})

    @classmethod
    def read(cls, path: Path) -> ModelState:
        """Reads a file that `write` made."""
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads((file.metadata() or {}).get("about", "{}"))
        return cls(arrays, about)
