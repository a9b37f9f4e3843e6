"""Files of users, read and prepared in batches for the search."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.storage import StorePath, local_copy
from raman_pipeline.learning.identification.query import Query, prepare_all
from raman_pipeline.spectra.spectrum_files import (
    ReadOptions,
    Spectrum,
    read_each,
)

if TYPE_CHECKING:
    from raman_pipeline.learning.identification.identify import Identifier
    from raman_pipeline.learning.identification.results import Identification

BATCH = 64
"""Spectra that are searched for at once."""


Source: TypeAlias = tuple[str, Sequence[Spectrum | InputError]]
"""The name of a file and its spectra, or why they cannot be used."""


_NO_FILE = "is no file, but a pipe, a broken link or one to a folder; leave it out, or name it"


class Unusable(NamedTuple):
    """A file or spectrum that cannot be identified, and the message that says why."""

    file: str
    error: str


def files_below(paths: Iterable[Path]) -> Iterator[Path | Unusable]:
    """Yields files, those of folders with their subfolders, in order, without hidden ones."""
    for one in _found(paths):
        name = one.file if isinstance(one, Unusable) else str(one)
        shown = name.encode(errors="backslashreplace").decode()
        yield one if shown == name else Unusable(shown, f"{shown}: is no name in UTF-8; rename it")


def _found(paths: Iterable[Path]) -> Iterator[Path | Unusable]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        faults: list[OSError] = []
        found: list[Path] = []
        for folder, folders, names in os.walk(path, onerror=faults.append):
            links = (name for name in folders if os.path.islink(os.path.join(folder, name)))
            found += (Path(folder, name) for name in (*names, *links))
        found = sorted(one for one in found if not _hidden(one, path))
        for one in found:
            usable = os.path.isfile(one)  # without an error, whatever it is
            yield one if usable else Unusable(str(one), f"{one}: {_NO_FILE}")
        for fault in faults:
            reason = f"cannot be read ({fault.strerror}); make it readable, or leave it out"
            yield Unusable(str(fault.filename), f"{fault.filename}: {reason}")
        if not found and not faults:
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
    return queries_of((_read(file, options) for file in files), grid, baseline)


def queries_of(
    sources: Iterable[Source],
    grid: npt.NDArray[np.float64],
    baseline: str,
    every: bool = False,
) -> Iterator[Query | Unusable]:
    """Yields prepared spectra, and what is unusable; a repeated fault of a source once.

    Args:
        sources: names and spectra.
        grid: of the library, cm⁻¹, float64 [m].
        baseline: see `prepare`.
        every: whether repeated faults are yielded, too.
    """
    current, reasons = "", dict[str, int]()
    for source, name, found in _prepared(sources, grid, baseline):
        if source != current:
            yield from _more(current, reasons)
            current, reasons = source, {}
        if isinstance(found, Query):
            yield found
            continue
        if every:
            yield Unusable(name, str(found))
            continue
        reason = str(found).removeprefix(name)
        reasons[reason] = reasons.get(reason, 0) + 1
        if reasons[reason] == 1:
            yield Unusable(name, str(found))
    yield from _more(current, reasons)


def _more(source: str, reasons: dict[str, int]) -> Iterator[Unusable]:
    for reason, count in reasons.items():
        if count > 1:
            yield Unusable(source, f"{source}: {count - 1} more of its spectra{reason}")


def _prepared(
    sources: Iterable[Source], grid: npt.NDArray[np.float64], baseline: str
) -> Iterator[tuple[str, str, Query | InputError]]:
    """Yields name of the source, name of the spectrum, and what became of it."""
    iterator = (
        (source, f"{source}#{number}" if len(spectra) > 1 else source, spectrum)
        for source, spectra in sources
        for number, spectrum in enumerate(spectra, start=1)
    )
    while some := list(islice(iterator, BATCH)):
        spectra = [spectrum for *_, spectrum in some if isinstance(spectrum, Spectrum)]
        queries = iter(prepare_all(spectra, grid, baseline))
        for source, name, spectrum in some:
            found = next(queries) if isinstance(spectrum, Spectrum) else spectrum
            yield source, name, found


def _read(file: StorePath | Unusable, options: ReadOptions) -> Source:
    if isinstance(file, Unusable):
        return file.file, [InputError(file.error)]
    try:
        return str(file), read_each(local_copy(file), options, str(file))
    except InputError as error:
        return str(file), [error]


def identified(
    identifier: Identifier,
    batch: Sequence[Query | Unusable],
    top: int,
    components: int,
    always_mixtures: bool,
) -> Iterator[Identification | Unusable]:
    """Yields the results of a batch in order, and what is unusable; see `Identifier.identify`."""
    queries = [q for q in batch if isinstance(q, Query)]
    found = iter(identifier.identify_queries(queries, top, components, always_mixtures))
    for query in batch:
        yield query if isinstance(query, Unusable) else next(found)


def in_batches(
    queries: Iterable[Query | Unusable], size: int = BATCH
) -> Iterator[list[Query | Unusable]]:
    """Yields queries in lists of a size."""
    iterator = iter(queries)
    while batch := list(islice(iterator, size)):
        yield batch


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)
