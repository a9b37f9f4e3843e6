"""The spectrum tensor on disk: a memory-mapped safetensors file.

The format is eight bytes of header length, a JSON header, and raw bytes. The numpy reader of
the library copies, so the memory map is made here from the header.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from raman_pipeline.common.errors import EarlierVersionError
from raman_pipeline.common.hashing import arrays_version
from raman_pipeline.common.storage import StorePath, local_copy, store_path

_DTYPES = {"F32": "<f4", "F64": "<f8"}


@dataclass(frozen=True)
class SpectrumTensor:
    """Spectra on a common grid with their row index.

    Attributes:
        intensity: float32 [n, m], normalised; read-only when opened from a file.
        grid: float64 [m], Raman shift, cm⁻¹.
        member_ids: n member ids of the spectra table, one per row.
        stored_version: `version` as it stands in the file that this was opened from.
    """

    intensity: npt.NDArray[np.float32]
    grid: npt.NDArray[np.float64]
    member_ids: tuple[str, ...]
    stored_version: str = ""

    def __post_init__(self) -> None:
        rows, columns = self.intensity.shape
        if rows != len(self.member_ids) or columns != self.grid.size:
            raise ValueError(
                f"intensity is {rows} x {columns}, but there are {len(self.member_ids)} ids "
                f"and {self.grid.size} grid points"
            )

    @cached_property
    def version(self) -> str:
        """SHA-256 of the content."""
        arrays: dict[str, np.ndarray] = {"intensity": self.intensity, "grid": self.grid}
        return self.stored_version or arrays_version(arrays, "\n".join(self.member_ids))

    def rows_of(self, member_ids: list[str]) -> npt.NDArray[np.int64]:
        """Returns the row of each id.

        Raises:
            KeyError: an id is not in the tensor.
        """
        index = {member_id: row for row, member_id in enumerate(self.member_ids)}
        return np.array([index[m] for m in member_ids], dtype=np.int64)


def write_tensor(path: Path, tensor: SpectrumTensor) -> None:
    """Writes a tensor file, not atomically."""
    # One entry, since the library writes several in any order.
    index = {"member_ids": tensor.member_ids, "version": tensor.version}
    save_file(
        {"intensity": np.ascontiguousarray(tensor.intensity), "grid": tensor.grid},
        path,
        metadata={"index": json.dumps(index)},
    )


def open_tensor(path: str | StorePath) -> SpectrumTensor:
    """Opens a tensor file, also `s3://bucket/…`; intensities are read from disk on access.

    Raises:
        EarlierVersionError: the file was written by an earlier version of this package.
        ValueError: the file is not a tensor file of this project, or is truncated.
    """
    path = store_path(path)
    file_path = local_copy(path)
    try:
        with file_path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        arrays = {name: _map(file_path, header[name], 8 + length) for name in ("intensity", "grid")}
        if "index" not in header["__metadata__"]:
            raise EarlierVersionError(path, "its index")
        index = json.loads(header["__metadata__"]["index"])
    except (ValueError, KeyError, OverflowError, MemoryError) as error:
        raise ValueError(
            f"{path}: not a complete spectrum tensor ({error}); materialise resampled_spectra again"
        ) from error
    return SpectrumTensor(
        arrays["intensity"],
        np.array(arrays["grid"]),
        tuple(index["member_ids"]),
        index["version"],
    )


def _map(path: Path, entry: dict, base: int) -> np.ndarray:
    start, stop = entry["data_offsets"]
    shape, dtype = tuple(entry["shape"]), np.dtype(_DTYPES[entry["dtype"]])
    if path.stat().st_size < base + stop:
        raise ValueError("the file is truncated")
    if stop == start:
        return np.empty(shape, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=base + start, shape=shape)
