"""Mixtures: the sets of reference spectra that make up a spectrum.

What belongs here: the search over sets of reference spectra. What does not: single minerals (see
`search`), synthetic mixtures (see `learning.synthetic_tasks`).

Derivatives of intensities are additive, those of square roots are not. So sets are found by
non-negative least squares on the former, in closed form for all pairs of a pool and, for three,
for all extensions of the best pairs; the best sets are then mixed, and compared with the query as
single spectra are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.derivatives import normalised_derivatives
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.spectra.derivatives import derivative_spectra

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_SIGMA = 4.0
_POOL, _PER_MINERAL, _KEPT, _COMPARED = 150, 2, 60, 30
"""Reference spectra in the pool, at most per mineral, sets kept, sets compared in full."""
_RIDGE = 1e-5


@dataclass(frozen=True)
class Component:
    """One mineral of a mixture.

    Attributes:
        mineral: its name.
        specimen: RRUFF id of the reference spectrum.
        row: of that spectrum in the library.
        fraction: of the sum of the heights of the strongest bands, 0 to 1; not of mass.
    """

    mineral: str
    specimen: str
    row: int
    fraction: float


@dataclass(frozen=True)
class Mixture:
    """A set of minerals that may make up a spectrum.

    Attributes:
        components: the strongest first.
        fit: cosine of the query with the mixture, as single spectra are compared.
    """

    components: tuple[Component, ...]
    fit: float


class MixtureSearch:
    """A library prepared for the search for mixtures.

    Args:
        library: the reference spectra.
    """

    def __init__(self, library: MineralLibrary) -> None:
        self.library = library
        self._derivatives = derivative_spectra(library.intensity, _SIGMA) * library.valid
        self._norms = np.maximum(np.linalg.norm(self._derivatives, axis=1), 1e-9)

    def find(
        self,
        query: Query,
        similarity: Floats,
        count: int = 2,
        best: int = 3,
        allowed: npt.NDArray[np.bool_] | None = None,
    ) -> list[Mixture]:
        """Returns the best sets of `count` minerals, the best fit first.

        Args:
            query: the spectrum.
            similarity: of the query with every reference spectrum, [n].
            count: 2 or 3.
            best: number of sets.
            allowed: bool [n], reference spectra that may be used; all if None.
        """
        derivative = derivative_spectra(query.intensity[None], _SIGMA)[0] * query.valid
        derivative /= max(float(np.linalg.norm(derivative)), 1e-9)
        linear = (self._derivatives @ derivative) / self._norms
        usable = np.ones(len(linear), bool) if allowed is None else allowed
        pool = self._pool([similarity, linear], usable)
        sets, weights = self._sets(pool, linear[pool], count)
        if not len(sets):
            return []
        mixed = np.einsum("ij,ijk->ik", weights, self.library.intensity[sets])
        shape = normalised_derivatives(mixed, np.broadcast_to(query.valid, mixed.shape))
        norms = np.linalg.norm(shape, axis=1) * np.linalg.norm(query.derivatives)
        fits = shape @ query.derivatives / np.maximum(norms, 1e-9)
        order = np.argsort(-fits)
        return self._named(sets[order], weights[order], fits[order], best)

    def _pool(self, rankings: list[Floats], usable: npt.NDArray[np.bool_]) -> Indices:
        chosen: set[int] = set()
        for number, ranking in enumerate(rankings, start=1):
            taken: dict[int, int] = {}
            for row in np.argsort(-np.where(usable, ranking, -np.inf)):
                mineral = int(self.library.mineral[row])
                if len(chosen) >= _POOL * number // len(rankings) or not usable[row]:
                    break
                if taken.get(mineral, 0) < _PER_MINERAL:
                    taken[mineral] = taken.get(mineral, 0) + 1
                    chosen.add(int(row))
        return np.array(sorted(chosen), dtype=np.int64)

    def _sets(self, pool: Indices, linear: Floats, count: int) -> tuple[Indices, Floats]:
        """Returns rows of the library and weights of their intensities, the best fit first."""
        units = self._derivatives[pool] / self._norms[pool, None]
        gram = (units @ units.T).astype(np.float64) + _RIDGE * np.eye(len(pool))
        mineral = self.library.mineral[pool]
        sets = np.stack(np.triu_indices(len(pool), 1), axis=1)
        for size in range(2, count + 1):
            if size > 2:
                grown = np.repeat(sets, len(pool), axis=0)
                last = np.tile(np.arange(len(pool)), len(sets))
                sets = np.unique(np.sort(np.column_stack([grown, last]), axis=1), axis=0)
            of = np.sort(mineral[sets], axis=1)
            sets = sets[(np.diff(of, axis=1) > 0).all(axis=1)]
            if not len(sets):
                break
            target = linear[sets].astype(np.float64)
            weights = _weights(gram, sets, target)
            explained = np.where((weights > 0).all(axis=1), (weights * target).sum(axis=1), -1.0)
            order = np.argsort(-explained)[:_KEPT]
            order = order[explained[order] > 0]
            sets, weights = sets[order], weights[order]
        if not len(sets) or sets.shape[1] < count:
            return np.empty((0, count), dtype=np.int64), np.empty((0, count), dtype=np.float32)
        rows = pool[sets[:_COMPARED]]
        return rows, (weights[:_COMPARED] / self._norms[rows]).astype(np.float32)

    def _named(self, sets: Indices, weights: Floats, fits: Floats, best: int) -> list[Mixture]:
        library = self.library
        found: dict[frozenset[int], Mixture] = {}
        for rows, weight, fit in zip(sets, weights, fits, strict=True):
            key = frozenset(library.mineral[rows].tolist())
            fraction = weight / weight.sum()
            components = [
                Component(
                    library.minerals[library.mineral[row]],
                    library.specimens[library.specimen[row]],
                    int(row),
                    float(fraction[i]),
                )
                for i, row in enumerate(rows)
            ]
            ranked = tuple(sorted(components, key=lambda c: -c.fraction))
            found.setdefault(key, Mixture(ranked, float(fit)))
            if len(found) == best:
                break
        return list(found.values())


def _weights(
    gram: npt.NDArray[np.float64], sets: Indices, target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Solves the normal equations of every set, float64 [sets, size]."""
    if sets.shape[1] > 2:
        own = gram[sets[:, :, None], sets[:, None, :]]
        return np.asarray(np.linalg.solve(own, target[..., None])[..., 0], dtype=np.float64)
    # In closed form, since there are thousands of pairs.
    first, second = sets.T
    a, b, c = gram[first, first], gram[first, second], gram[second, second]
    x = c * target[:, 0] - b * target[:, 1]
    y = a * target[:, 1] - b * target[:, 0]
    return np.column_stack([x, y]) / (a * c - b * b)[:, None]
