"""Evaluation on mixtures of real spectra, whose specimens are left out of the library.

The baseline is non-negative least squares on the mean spectra of all minerals.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.common.shards import Ledger, in_shards
from raman_pipeline.learning.identification.derivatives import normalised_derivatives
from raman_pipeline.learning.identification.leave_one_out import multi_specimen_minerals
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.mixtures import MixtureSearch
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.learning.identification.search import search
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.unmixing import nonnegative_weights

OURS, LEAST_SQUARES = "pairs and triples", "least squares"
SMALLEST_FRACTION = 0.2
"""Of each component; the rest is drawn from a flat Dirichlet distribution."""
_PART = 50
"""Mixtures of a shard: some seconds of work."""

MIXTURES = TableSchema(
    "mixture_evaluation",
    (
        Column("number", pa.int64(), "of the mixture"),
        Column("components", pa.int64(), "number of minerals", between=(2, 3)),
        Column("method", pa.string(), "method", isin=(OURS, LEAST_SQUARES)),
        Column("minerals", pa.string(), "its minerals, the strongest first"),
        Column("fractions", pa.string(), "their fractions of the height"),
        Column("predicted", pa.string(), "the predicted minerals"),
        Column("correct", pa.int64(), "correctly predicted minerals", between=(0, 3)),
        Column(
            "fraction_error", pa.float64(), "mean absolute error, if all correct", nullable=True
        ),
    ),
    ("number", "components", "method"),
)


def evaluate_mixtures(
    library: MineralLibrary, count: int, seed: int, ledger: Ledger | None = None
) -> pa.Table:
    """Returns a MIXTURES table of random mixtures of two and of three minerals.

    Minerals are drawn uniformly among the multi-specimen ones, then a spectrum of each; the
    specimens of the mixture are left out of the library.

    Args:
        library: reference spectra.
        count: number of mixtures of each size.
        seed: of minerals, spectra and fractions.
        ledger: to evaluate more than a hundred in parallel, to the same bytes.
    """
    rng = np.random.default_rng(seed)
    rows_of = {
        m: np.flatnonzero(library.mineral == m)
        for m in np.flatnonzero(multi_specimen_minerals(library))
    }
    drawn = []
    for components in (2, 3):
        for number in range(count):
            minerals = rng.choice(sorted(rows_of), components, replace=False)
            rows = np.array([rng.choice(rows_of[m]) for m in minerals])
            rest = 1 - components * SMALLEST_FRACTION
            fractions = SMALLEST_FRACTION + rest * rng.dirichlet(np.ones(components))
            drawn.append(_Mixture(number, rows, fractions))
    if not drawn:
        return MIXTURES.from_rows([])
    parts = [drawn[start : start + _PART] for start in range(0, len(drawn), _PART)]
    work = partial(_evaluated, MixtureSearch(library), _means(library))
    return in_shards(work, parts, ledger if len(parts) > 2 else None)


class _Mixture(NamedTuple):
    """Spectra of a library, by their indices, and their fractions of the height."""

    number: int
    rows: npt.NDArray[np.int64]
    fractions: npt.NDArray[np.float64]


def _evaluated(
    searcher: MixtureSearch, means: npt.NDArray[np.float64], mixtures: list[_Mixture]
) -> pa.Table:
    """Returns the MIXTURES rows of some mixtures."""
    library, found = searcher.library, []
    ids = np.array(library.specimens)
    for number, rows, fractions in mixtures:
        query, components = mixed(library, rows, fractions), len(rows)
        allowed = ~np.isin(ids[library.specimen], ids[library.specimen[rows]])
        similarity = search(library, query.derivatives[None], query.valid[None])[0]
        best = searcher.find(query, similarity, components, best=1, allowed=allowed)
        ours = {c.mineral: c.fraction for c in best[0].components} if best else {}
        baseline = _least_squares(library, query, allowed, means, components)
        names = [library.minerals[m] for m in library.mineral[rows]]
        truth = dict(zip(names, fractions.tolist(), strict=True))
        for method, predicted in ((OURS, ours), (LEAST_SQUARES, baseline)):
            found.append(_row(number, components, method, truth, predicted))
    return MIXTURES.from_rows(found)


def mixed(
    library: MineralLibrary, rows: npt.NDArray[np.int64], fractions: npt.NDArray[np.float64]
) -> Query:
    """Returns the sum of some spectra of a library, as a query.

    Args:
        library: reference spectra.
        rows: [k].
        fractions: of their heights, [k].
    """
    valid: npt.NDArray[np.bool_] = np.logical_and.reduce(library.valid[rows], axis=0)
    values = (fractions[:, None] * library.intensity[rows]).sum(axis=0)
    scaled = min_max(values, valid).astype(np.float32)
    derivatives = normalised_derivatives(scaled[None], valid[None])[0]
    return Query("mixture", scaled, valid, derivatives, ())


def _means(library: MineralLibrary) -> npt.NDArray[np.float64]:
    """Returns the mean spectrum of each specimen, float64 [specimens, m]."""
    starts = library.specimen_starts
    sizes = np.diff(np.append(starts, len(library)))
    return np.add.reduceat(library.intensity.astype(np.float64), starts, axis=0) / sizes[:, None]


def _least_squares(
    library: MineralLibrary,
    query: Query,
    allowed: npt.NDArray[np.bool_],
    means: npt.NDArray[np.float64],
    components: int,
) -> dict[str, float]:
    """Returns the minerals of the largest weights by non-negative least squares on their means."""
    usable = allowed[library.specimen_starts]
    mineral = library.specimen_mineral[usable]
    present, index = np.unique(mineral, return_inverse=True)
    columns = np.zeros((len(present), means.shape[1]))
    np.add.at(columns, index, means[usable])
    columns /= np.bincount(index)[:, None]
    inside = query.valid
    weights = nonnegative_weights(columns[:, inside], query.intensity[None, inside])[0]
    order = np.argsort(-weights)[:components]
    total = max(float(weights[order].sum()), 1e-12)
    return {library.minerals[present[i]]: float(weights[i] / total) for i in order}


def _row(
    number: int, components: int, method: str, truth: dict[str, float], predicted: dict[str, float]
) -> dict[str, object]:
    correct = len(set(truth) & set(predicted))
    error = None
    if correct == components:
        error = float(np.mean([abs(truth[m] - predicted[m]) for m in truth]))
    ordered = sorted(truth, key=lambda m: -truth[m])
    return {
        "number": number,
        "components": components,
        "method": method,
        "minerals": " + ".join(ordered),
        "fractions": " + ".join(f"{truth[m]:.2f}" for m in ordered),
        "predicted": " + ".join(predicted),
        "correct": correct,
        "fraction_error": error,
    }
