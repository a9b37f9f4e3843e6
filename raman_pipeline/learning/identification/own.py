"""The own library: measured spectra of the user with their minerals, beside RRUFF's library.

What belongs here: its spectra, its file, and how they join a library. What does not: the minerals
of file names (see `own_names`). Spectra are stored as measured and prepared on use, so that a
library that is rebuilt, or prepared in another way, changes nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError

from raman_pipeline.common import atomic
from raman_pipeline.common.errors import EarlierVersionError, InputError
from raman_pipeline.common.hashing import arrays_version
from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.library import OWN, MineralLibrary, build_library
from raman_pipeline.learning.identification.preparation import on_grid
from raman_pipeline.learning.identification.query import TOO_LARGE
from raman_pipeline.spectra.spikes import without_spikes

Floats = npt.NDArray[np.float64]

FORMAT_VERSION = 1
_KIND = "raman_pipeline own library"


class OwnLibraryError(InputError):
    """The own library cannot be used or changed so; the message names the remedy."""


@dataclass(frozen=True, eq=False)
class OwnSpectrum:
    """A measured spectrum of a known mineral.

    Attributes:
        name: of the spectrum, unique in an own library: its file, with its number there.
        specimen: its file; spectra of one file are of one specimen.
        mineral: its name.
        raman_shift: float64 [n], cm⁻¹, strictly increasing.
        intensity: float64 [n], as measured.
        laser_nm: None if not stated.
    """

    name: str
    specimen: str
    mineral: str
    raman_shift: Floats
    intensity: Floats
    laser_nm: float | None = None

    def __post_init__(self) -> None:
        """Refuses what is no spectrum, as of a damaged file.

        Raises:
            TypeError: a name is no text, or the laser no number.
            ValueError: the values are not as above, or a name is empty or cannot be written.
        """
        x, y = self.raman_shift, self.intensity
        rising = x.shape == y.shape == (x.size,) and x.size > 1 and bool((np.diff(x) > 0).all())
        if not (rising and np.isfinite(x).all() and (np.abs(y) < TOO_LARGE).all()):
            raise ValueError("its values are no spectra")
        for text in (self.name, self.specimen, self.mineral):
            if not str.encode(text):
                raise ValueError("a name is empty")
        if self.laser_nm is not None and not self.laser_nm > 0:
            raise ValueError("a wavelength is no length")

    @cached_property
    def content(self) -> str:
        """A hash of what was measured."""
        return arrays_version({"shift": self.raman_shift, "intensity": self.intensity}, "")


@dataclass(frozen=True)
class OwnLibrary:
    """The spectra of an own library, in the order in which they were added."""

    spectra: tuple[OwnSpectrum, ...] = ()

    @property
    def version(self) -> str:
        """A short hash of the content."""
        state = self._state()
        return arrays_version(state.arrays, repr(state.metadata))[:12]

    @cached_property
    def _by_content(self) -> dict[str, OwnSpectrum]:
        return {one.content: one for one in self.spectra}

    @property
    def minerals(self) -> list[str]:
        """Names, in order."""
        return sorted({one.mineral for one in self.spectra})

    def require_new(self, one: OwnSpectrum) -> None:
        """Refuses a spectrum that is here already under another mineral.

        Raises:
            OwnLibraryError: it is.
        """
        same = self._by_content.get(one.content)
        if same and same.mineral.casefold() != one.mineral.casefold():
            raise OwnLibraryError(
                f"{one.name}: is in the own library as {same.mineral} ({same.name}), and not "
                f"as {one.mineral}; `raman-pipeline library remove {same.name!r}` first"
            )

    def with_more(self, spectra: Iterable[OwnSpectrum]) -> OwnLibrary:
        """Returns the library with further spectra; those that it has already are left out.

        Specimens whose name is taken by one of this library get a number, and minerals the
        spelling that they have here.

        Args:
            spectra: whole specimens.

        Raises:
            OwnLibraryError: see `require_new`.
        """
        taken = {one.specimen for one in self.spectra}
        spelling = {name.casefold(): name for name in self.minerals}
        new: dict[str, OwnSpectrum] = {}
        for one in spectra:
            self.require_new(one)
            if one.content in self._by_content or one.content in new:
                continue
            specimen, number = one.specimen, 1
            while specimen in taken:
                number += 1
                specimen = f"{one.specimen} ({number})"
            new[one.content] = replace(
                one,
                name=specimen + one.name.removeprefix(one.specimen),
                specimen=specimen,
                mineral=spelling.setdefault(one.mineral.casefold(), one.mineral),
            )
        return OwnLibrary((*self.spectra, *new.values()))

    def without(self, names: Sequence[str]) -> OwnLibrary:
        """Returns the library without some spectra.

        Args:
            names: of spectra, of files, or of minerals in any case.

        Raises:
            OwnLibraryError: a name is none of these.
        """
        left = list(self.spectra)
        for name in names:
            others = [
                s for s in left
                if name not in (s.name, s.specimen) and name.casefold() != s.mineral.casefold()
            ]  # fmt: skip
            if len(others) == len(left):
                raise OwnLibraryError(
                    f"{name}: no such spectrum, file or mineral in the own library; "
                    "`raman-pipeline library list` lists them"
                )
            left = others
        return OwnLibrary(tuple(left))

    def write(self, path: StorePath) -> None:
        """Writes the library to a file, atomically."""
        elsewhere = "name another file (RAMAN_PIPELINE_LIBRARY is that of the own library)"
        state = self._state()
        signed = ModelState(state.arrays, {**state.metadata, "version": self.version})
        with atomic.replacing(path, elsewhere) as temporary:
            signed.write(temporary)

    @classmethod
    def read(cls, path: StorePath) -> OwnLibrary:
        """Reads what `write` wrote; of a file that does not exist, a library without spectra.

        Raises:
            OwnLibraryError: the file is no own library, damaged, or one of a later version.
        """
        if not path.exists():
            return cls()
        try:
            state = ModelState.read(path)
            if state.metadata.get("kind") != _KIND:
                raise ValueError("it holds something else")
            version = state.metadata["format_version"]
            if version > FORMAT_VERSION:
                raise OwnLibraryError(
                    f"{path}: was written by a later version of raman_pipeline (format {version}, "
                    f"and this one reads {FORMAT_VERSION}); update raman_pipeline"
                )
            stops = np.cumsum(state.metadata["points"], dtype=np.int64)
            shifts, intensities = (
                np.split(state.arrays[name], stops) for name in ("raman_shift", "intensity")
            )
            if shifts.pop().size or intensities.pop().size:
                raise ValueError("it holds more values than its spectra have")
            rows = zip(state.metadata["spectra"], shifts, intensities, strict=True)
            spectra = tuple(
                OwnSpectrum(name, specimen, mineral, x, y, laser)
                for (name, specimen, mineral, laser), x, y in rows
            )
            if len({one.name for one in spectra}) < len(spectra):
                raise ValueError("two of its spectra have one name")
            own = cls(spectra)
            # Files of before the version was stored are taken as they are.
            if state.metadata.get("version", own.version) != own.version:
                raise ValueError("it does not hold what was written")
            return own
        except (
            EarlierVersionError, KeyError, TypeError, AttributeError, ValueError, OSError,
            SafetensorError,
        ) as error:  # fmt: skip
            raise OwnLibraryError(
                f"{path}: is no own library, or damaged ({error}); name another file, or move it "
                "away and `raman-pipeline library import` an export of it"
            ) from error

    def _state(self) -> ModelState:
        def joined(name: str) -> Floats:
            return np.concatenate([np.zeros(0), *(getattr(s, name) for s in self.spectra)])

        arrays: dict[str, np.ndarray] = {n: joined(n) for n in ("raman_shift", "intensity")}
        rows = [[s.name, s.specimen, s.mineral, s.laser_nm] for s in self.spectra]
        points = [int(s.raman_shift.size) for s in self.spectra]
        about = {"kind": _KIND, "format_version": FORMAT_VERSION}
        return ModelState(arrays, {**about, "spectra": rows, "points": points})


def with_own(library: MineralLibrary, own: OwnLibrary) -> MineralLibrary:
    """Returns a library with the spectra of an own one among its spectra, prepared as they are.

    Ids of own spectra and specimens start with `OWN`, their rating is `own`. Of a mineral that the
    library has, they get its spelling and its ideal elements; of others no elements are known.

    Args:
        library: of RRUFF; its fitted parameters stay.
        own: with at least one spectrum.
    """
    first = library.specimen_starts[library.mineral_starts]
    row_of = {name.casefold(): int(row) for name, row in zip(library.minerals, first, strict=True)}
    on_grids = [
        on_grid(s.raman_shift, without_spikes(s.raman_shift, s.intensity[None])[0], library.grid)
        for s in own.spectra
    ]
    rows = []
    for spectrum in own.spectra:
        row = row_of.get(spectrum.mineral.casefold())
        known = None if row is None else library.minerals[library.mineral[row]]
        rows.append(
            {
                "member_id": OWN + spectrum.name,
                "mineral": known or spectrum.mineral,
                "rruff_id": OWN + spectrum.specimen,
                "wavelength_nm": spectrum.laser_nm,
                "country": None,
                "rating": "own",
            }
        )
    values, measured = zip(*on_grids, strict=True)
    added = build_library(np.concatenate(values), np.stack(measured), library.grid, rows)
    elements = added.ideal_elements.copy()
    for number, mineral in enumerate(added.mineral):
        if (row := row_of.get(added.minerals[mineral].casefold())) is not None:
            elements[number] = library.ideal_elements[row]
    return library.joined(replace(added, ideal_elements=elements, measured_elements=elements))
