"""What the page answers: uploaded bytes, names and ids in, plain data out.

What belongs here: the words of a request, limits of one file, curves to draw. What does not: HTTP
(see `server`), identifying (see `learning.identification`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.storage import StorePath
from raman_pipeline.common.wording import listed
from raman_pipeline.learning.identification.batches import (
    Unusable,
    identified,
    in_batches,
    queries_of,
)
from raman_pipeline.learning.identification.filters import Filters
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.learning.identification.references import (
    answer_json,
    mineral_names,
    peaks_beside,
    places_beside,
    reference_json,
    references_of,
    row_of,
)
from raman_pipeline.learning.identification.results import Identification
from raman_pipeline.page.sample_report import sample_report
from raman_pipeline.spectra.baseline import BASELINES
from raman_pipeline.spectra.spectrum_files import ReadOptions, Spectrum, read_content
from raman_pipeline.spectra.user_files.decoding import unpacked
from raman_pipeline.spectra.user_files.spectrum import UnreadableError

MOST_BYTES = 50_000_000
"""Size of a file, and of what is packed in it."""
MOST_SPECTRA = 200
"""Spectra of one file that are answered; the command line has no such limit."""
PARAMETERS = (
    *("elements", "without", "minerals", "exclude", "reference_laser", "rating", "accept"),
    *("columns", "axis", "laser", "baseline", "top", "components", "mixtures"),
)
"""Of a request, named as the options of `identify`."""
_RAW_POINTS = 2000
_FILTERS_KEPT = 4
_MOST_MINERALS = 20
_BATCH = 8
"""Spectra that are searched for at once: mixtures of so many take 2 s."""


@dataclass(frozen=True)
class Asked:
    """What a request says besides the file.

    Attributes:
        filters: what of the library is searched.
        options: how the file is to be read.
        baseline: algorithm before the usual one.
        top: number of minerals.
        components: minerals of a mixture.
        mixtures: whether mixtures are searched for even if one mineral fits.
    """

    filters: Filters = field(default_factory=Filters)
    options: ReadOptions = field(default_factory=ReadOptions)
    baseline: str = "none"
    top: int = 5
    components: int = 2
    mixtures: bool = False

    @classmethod
    def of(cls, words: Mapping[str, str]) -> Asked:
        """Returns what the parameters of a request say; they are named as those of `identify`.

        Raises:
            InputError: a value is none of those that are possible, or there is no such parameter.
        """
        if unknown := sorted(set(words) - set(PARAMETERS)):
            raise InputError(f"no parameter {', '.join(unknown)}; use {', '.join(PARAMETERS)}")

        def several(name: str) -> tuple[str, ...]:
            return listed(words.get(name, ""))

        laser = words.get("laser")
        return cls(
            Filters(
                several("elements"),
                several("without"),
                several("minerals"),
                several("exclude"),
                tuple(_number("reference_laser", nm) for nm in several("reference_laser")),
                several("rating"),
                several("accept"),
            ),
            ReadOptions(
                several("columns"),
                _one_of("axis", words.get("axis") or None, (None, "cm-1", "nm")),
                _number("laser", laser, 200, 1100) if laser else None,
            ),
            _one_of("baseline", words.get("baseline") or "none", BASELINES),
            int(_number("top", words.get("top") or "5", 1, _MOST_MINERALS)),
            int(_number("components", words.get("components") or "2", 2, 3)),
            _one_of("mixtures", words.get("mixtures") or "0", ("0", "1")) == "1",
        )


class Answers:
    """Answers from one library, which stays in memory.

    Args:
        library_file: of the mineral library.
        own_file: of the own library, which need not exist; none if None.

    Raises:
        LibraryError: see `Identifier.open`.
    """

    def __init__(self, library_file: StorePath, own_file: StorePath | None = None) -> None:
        self._whole = Identifier.open(library_file, own=own_file)
        self._places = places_beside(library_file)
        self._filtered = lru_cache(_FILTERS_KEPT)(self._with_filters)

    @property
    def facts(self) -> dict[str, Any]:
        """What the library is, see `Identifier.library_facts`."""
        return self._whole.library_facts

    def identify(
        self, name: str, content: bytes, asked: Asked, over: Callable[[], bool] = lambda: False
    ) -> dict[str, Any]:
        """Returns the results of all spectra of a file, with the curves to draw.

        Args:
            name: of the file; its suffix tells the format of some.
            content: of the file.
            asked: what the user says of it.
            over: whether no further spectra are to be searched for.

        Raises:
            InputError: the file or what is said of it cannot be used.
        """
        identifier = self._filtered(asked.filters)
        spectra, left_out = self._read(name, content, asked)
        raw = {one.name: one for one in spectra if isinstance(one, Spectrum)}
        rows = list[dict[str, Any]]()
        queries = queries_of([(name, spectra)], identifier.library.grid, asked.baseline)
        for batch in in_batches(queries, _BATCH):
            if over():
                left_out += len(batch) + sum(1 for _ in queries)
                break
            for found in self._found(identifier, batch, asked):
                if isinstance(found, Unusable):
                    rows.append(found._asdict())
                else:
                    rows.append(self._answer(identifier, found, asked, raw[found.query.name]))
        return {"file": name, "library": self.facts, "spectra": rows, "left_out": left_out}

    def report(self, name: str, content: bytes, asked: Asked, number: int) -> str:
        """Returns the report (HTML) of one spectrum of a file.

        Args:
            name: of the file.
            content: of the file.
            asked: what the user says of it.
            number: of the spectrum in the file, from 1.

        Raises:
            InputError: the spectrum cannot be used, or there is none of this number.
        """
        identifier = self._filtered(asked.filters)
        spectra, _ = self._read(name, content, asked)
        of_it = f"{name}#{number}" if len(spectra) > 1 else name
        if not 1 <= number <= len(spectra):
            raise InputError(
                f"{name}: no spectrum {number} among the {len(spectra)} that are answered"
            )
        queries = queries_of([(of_it, spectra[number - 1 : number])], self._grid, asked.baseline)
        for found in self._found(identifier, list(queries), asked):
            if not isinstance(found, Unusable):
                data = answer_json(identifier.library, found, asked.options)
                return sample_report(identifier.library, found, data)
            raise InputError(found.error)
        raise InputError(f"{of_it}: holds no spectrum")

    def minerals(self, name: str, laser_nm: float | None) -> dict[str, Any]:
        """Returns all names of the library, or the references of one.

        Args:
            name: of a mineral; empty for all names.
            laser_nm: only references of this laser.

        Raises:
            NoReferenceError: there is no such mineral.
        """
        library = self._whole.library
        if not name:
            return {"library": self.facts, "minerals": mineral_names(library)}
        found = references_of(library, name, laser_nm)
        minerals = [
            {"name": m.name, "spectra": [reference_json(library, r, self._places) for r in m.rows]}
            for m in found
        ]
        return {"asked": name, "library": self.facts, "minerals": minerals}

    def reference(self, member_id: str) -> dict[str, Any]:
        """Returns a reference spectrum with its curve.

        Raises:
            NoReferenceError: there is none with this id.
        """
        library = self._whole.library
        row = row_of(library, member_id)
        curve = self._curve(library.intensity[row], library.valid[row])
        return {**reference_json(library, row, self._places), "curve": curve}

    @property
    def _grid(self) -> npt.NDArray[np.float64]:
        return self._whole.library.grid

    def _with_filters(self, filters: Filters) -> Identifier:
        if filters == Filters():
            return self._whole
        return self._whole.with_filters(filters)

    def _read(self, name: str, content: bytes, asked: Asked) -> tuple[list[Any], int]:
        try:
            content = unpacked(content, MOST_BYTES)
        except UnreadableError as error:
            raise InputError(f"{name}: {error}; use the command line") from error
        spectra = read_content(content, name, asked.options)
        return spectra[:MOST_SPECTRA], max(0, len(spectra) - MOST_SPECTRA)

    def _found(
        self, identifier: Identifier, batch: list[Query | Unusable], asked: Asked
    ) -> Iterator[Identification | Unusable]:
        return identified(identifier, batch, asked.top, asked.components, asked.mixtures)

    def _answer(
        self, identifier: Identifier, found: Identification, asked: Asked, raw: Spectrum
    ) -> dict[str, Any]:
        library, data = identifier.library, answer_json(identifier.library, found, asked.options)
        for mineral, match in zip(data["minerals"], found.minerals, strict=True):
            mineral["peak_table"] = peaks_beside(
                library, found.query, match.nearest[0].row
            ).as_json()
        for mixture, parts in zip(data["mixtures"], found.mixtures, strict=True):
            for component, part in zip(mixture["components"], parts.components, strict=True):
                component["id"] = library.member_id[part.row]
        every = max(1, -(-raw.raman_shift.size // _RAW_POINTS))
        data["curve"] = self._curve(found.query.intensity, found.query.valid)
        data["raw"] = {
            "cm1": np.round(raw.raman_shift[::every], 2).tolist(),
            "intensity": [float(f"{y:.5g}") for y in raw.intensity[::every]],
        }
        return data

    def _curve(
        self, intensity: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]
    ) -> dict[str, Any]:
        """Returns a curve on the grid; None where nothing was measured."""
        values = [round(float(y), 4) if v else None for y, v in zip(intensity, valid, strict=True)]
        step = float(self._grid[1] - self._grid[0])
        return {"start_cm1": float(self._grid[0]), "step_cm1": step, "values": values}


def _number(name: str, text: str, low: float = -np.inf, high: float = np.inf) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not low <= value <= high or not np.isfinite(value):
        between = f" from {low:g} to {high:g}" if np.isfinite(high) else ""
        raise InputError(f"{name}: {text} is no number{between}")
    return value


def _one_of(name: str, value: Any, possible: Any) -> Any:
    if value not in possible:
        raise InputError(f"{name}: {value}; use {', '.join(map(str, filter(None, possible)))}")
    return value
