"""What a user knows besides the spectrum: a mask over the rows of a library before the search.

Chemical analyses and formulae are not always right, so one contradiction between the elements that
the user states and those of a specimen is tolerated, at a price in similarity, if three or more are
stated. `others` states dozens: with it one is tolerated, however few are named.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.search import EXCLUDED
from raman_pipeline.rruff.chemistry import ELEMENTS

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

OTHERS = "others"
"""In `without`: all elements from sodium on that are not named."""
_MANY_STATEMENTS = 3
"""Stated elements from which one contradiction is tolerated."""
PENALTY = np.float32(0.1)
"""What a contradiction costs in similarity; of 0.02 to 0.2 as good as any on measured formulae."""
SAME_LASER_NM = 2.0
HEAVIER = np.arange(len(ELEMENTS)) >= ELEMENTS.index("Na")
"""Elements that analyses by X-rays see, bool [ELEMENTS]."""


class FilterError(InputError):
    """A filter names what does not exist, or leaves nothing of the library."""


@dataclass(frozen=True)
class Filters:
    """Restrictions of the library; those left empty restrict nothing.

    Attributes:
        elements: symbols of elements that the mineral holds.
        without: symbols of elements that it does not hold, or OTHERS.
        minerals: names of the only minerals to search among.
        exclude: names of minerals to leave out.
        lasers_nm: of the reference spectra, each ±2 nm.
        ratings: RRUFF's ratings of the reference spectra, such as `excellent`.
        accept: names of minerals that are in it for sure: they are fitted out (see `accepted`), and
            the others are searched.
    """

    elements: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    minerals: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    lasers_nm: tuple[float, ...] = ()
    ratings: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()

    @property
    def chemical(self) -> bool:
        """Whether elements are stated."""
        return bool(self.elements or self.without)

    @property
    def complete(self) -> bool:
        """Whether the elements are those of a whole analysis: no others are in the mineral."""
        return OTHERS in self.without

    def as_json(self) -> dict[str, Any]:
        """Returns the restrictions that are not empty, as plain data."""
        return {name: list(values) for name, values in asdict(self).items() if values}

    def penalties(self, library: MineralLibrary) -> Floats:
        """Returns what the elements add to the similarity of each spectrum, float32 [n]."""
        if not self.chemical:
            return np.zeros(len(library), dtype=np.float32)
        return penalties(library, *stated_elements(self.elements, self.without))[0]

    def accepted_rows(self, library: MineralLibrary) -> list[npt.NDArray[np.int64]]:
        """Returns the rows of each accepted mineral among all spectra of a library.

        Raises:
            FilterError: a name is not in the library.
        """
        chosen = dict.fromkeys(_indices(self.accept, library.minerals, "mineral"))
        return [np.flatnonzero(library.mineral == index) for index in chosen]

    def rows(self, library: MineralLibrary) -> Mask:
        """Returns which spectra of a library are searched, bool [n].

        Raises:
            FilterError: a name is not in the library, or no spectrum is left.
        """
        keep = self.penalties(library) > EXCLUDED
        if self.minerals:
            keep &= np.isin(library.mineral, _indices(self.minerals, library.minerals, "mineral"))
        for names in (self.exclude, self.accept):
            keep &= ~np.isin(library.mineral, _indices(names, library.minerals, "mineral"))
        if self.lasers_nm:
            apart = np.abs(library.wavelength[:, None] - np.array(self.lasers_nm))
            keep &= (apart <= SAME_LASER_NM).any(axis=1)
        if self.ratings:
            known = sorted(set(library.ratings))
            chosen = [known[i] for i in _indices(self.ratings, known, "rating")]
            keep &= np.isin(np.array(library.ratings), chosen)
        if not keep.any():
            stated = (
                f"{k.removesuffix('_nm').replace('_', ' ')} {', '.join(map(str, v))}"
                for k, v in self.as_json().items()
            )
            lasers = np.unique(library.wavelength[np.isfinite(library.wavelength)])
            there = f"its lasers, nm: {', '.join(f'{nm:g}' for nm in lasers)}; " * bool(
                self.lasers_nm
            )
            there += f"its ratings: {', '.join(sorted(set(library.ratings)))}; " * bool(
                self.ratings
            )
            raise FilterError(
                f"no spectrum of the library is left by {'; '.join(stated)} ({there}leave one out)"
            )
        return keep


def stated_elements(elements: tuple[str, ...], without: tuple[str, ...]) -> tuple[Mask, Mask]:
    """Returns which elements are named and which are excluded, bool [1, ELEMENTS] each.

    Raises:
        FilterError: a word is no symbol of an element, or an element is both named and excluded.
    """
    others = OTHERS in without
    named, excluded = np.zeros((2, 1, len(ELEMENTS)), dtype=bool)
    for symbols, mask in ((elements, named), (without, excluded)):
        for symbol in symbols:
            if symbol.capitalize() in ELEMENTS:
                mask[0, ELEMENTS.index(symbol.capitalize())] = True
            elif not (symbol == OTHERS and symbols is without):
                raise FilterError(f"{symbol}: is no element; write symbols, as in Ca,C,O")
    if (named & excluded).any():
        raise FilterError("an element cannot be both in --elements and in --without")
    return named, excluded | (others & ~named & HEAVIER)


def penalties(library: MineralLibrary, named: Mask, excluded: Mask) -> Floats:
    """Returns what to add to similarities for stated elements, float32 [q, n]; EXCLUDED at most.

    An element that varies from specimen to specimen stands in the ideal formula and may be missing
    in the measured one; it is no contradiction whether it is named or excluded. Specimens without
    a formula contradict nothing.

    Args:
        library: reference spectra.
        named: elements that the mineral holds, bool [q, ELEMENTS].
        excluded: elements that it does not hold, bool [q, ELEMENTS].
    """
    may_hold = library.ideal_elements | library.measured_elements
    holds = library.ideal_elements & library.measured_elements
    missing = named.astype(np.float32) @ (~may_hold).T.astype(np.float32)
    missing[:, ~may_hold.any(axis=1)] = 0
    wrong = excluded.astype(np.float32) @ holds.T.astype(np.float32)
    found = missing + wrong
    # One or two statements of which one may be wrong would say next to nothing.
    tolerated = ((named | excluded).sum(axis=1, keepdims=True) >= _MANY_STATEMENTS).astype(int)
    return np.where(found <= tolerated, -PENALTY * found, EXCLUDED).astype(np.float32)


def _indices(names: tuple[str, ...], known: list[str] | tuple[str, ...], what: str) -> list[int]:
    index = {name.casefold(): i for i, name in enumerate(known)}
    for name in names:
        if name.casefold() not in index:
            close = get_close_matches(name.casefold(), index, n=3)
            raise FilterError(
                f"{name}: no such {what} in the library"
                + (f"; near it: {', '.join(known[index[c]] for c in close)}" if close else "")
            )
    return [index[name.casefold()] for name in names]
