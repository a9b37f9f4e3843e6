"""Files of users, read and prepared in batches for the search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.storage import StorePath, local_copy
from raman_pipeline.learning.identification.query import Query, prepare
from raman_pipeline.spectra.spectrum_files import (
    ReadOptions,
    Spectrum,
    SpectrumFileError,
    read_each,
)

BATCH = 64
"""Spectra that are searched for at once."""


class Unusable(NamedTuple):
    """A file or spectrum that cannot be identified, and the message that says why."""

    file: str
    error: str


def files_below(paths: Iterable[Path]) -> Iterator[Path | Unusable]:
    """Yields files, those of folders with their subfolders, in order, without hidden ones."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        yield from found
        if not found:
            yield Unusable(str(path), f"{path}: holds no file; give files or a folder of them")


def queries_of_files(
    files: Iterable[StorePath | Unusable],
    grid: npt.NDArray[np.float64],
    baseline: str,
    options: ReadOptions,
) -> Iterator[Query | Unusable]:
    """Yields prepared spectra, and what is unusable, in order.

    Args:
        files: as `files_below` yields them.
        grid: of the library, cm⁻¹, float64 [m].
        baseline: see `prepare`.
        options: what the user says of the files.
    """
    for path in files:
        if isinstance(path, Unusable):
            yield path
            continue
        try:
            spectra = read_each(local_copy(path), options, str(path))
        except InputError as error:
            yield Unusable(str(path), str(error))
            continue
        yield from queries_of_file(str(path), spectra, grid, baseline)


def queries_of_file(
    path: str,
    spectra: list[Spectrum | SpectrumFileError],
    grid: npt.NDArray[np.float64],
    baseline: str,
) -> Iterator[Query | Unusable]:
    """Yields the prepared spectra of one file; one fault of many of them is told once."""
    reasons: dict[str, int] = {}
    for number, spectrum in enumerate(spectra, start=1):
        name = f"{path}#{number}" if len(spectra) > 1 else path
        try:
            if isinstance(spectrum, SpectrumFileError):
                raise spectrum
            yield prepare(spectrum, grid, baseline)
        except InputError as error:
            reason = str(error).removeprefix(name)
            reasons[reason] = reasons.get(reason, 0) + 1
            if reasons[reason] == 1:
                yield Unusable(name, str(error))
    for reason, count in reasons.items():
        if count > 1:
            yield Unusable(path, f"{path}: {count - 1} more of its spectra{reason}")


def in_batches(queries: Iterable[Query | Unusable]) -> Iterator[list[Query | Unusable]]:
    """Yields queries in lists of BATCH."""
    iterator = iter(queries)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)
