"""Mixtures made of specimens that the library is searched without.

What belongs here: making them, and how often their minerals are found, beside non-negative least
squares. What does not: the search (see `mixtures`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.identification.calibrating import repeated_minerals
from raman_pipeline.learning.identification.derivatives import slopes
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.mixtures import MixtureSearch
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.learning.identification.search import search
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.unmixing import nonnegative_weights

OURS, LEAST_SQUARES = "pairs and triples", "least squares"
LEAST_SHARE = 0.2
"""Of each component; the rest is divided evenly at random (Dirichlet)."""

MIXED = TableSchema(
    "mixed",
    (
        Column("number", pa.int64(), "of the mixture"),
        Column("components", pa.int64(), "minerals in it", between=(2, 3)),
        Column("method", pa.string(), "who answered", isin=(OURS, LEAST_SQUARES)),
        Column("minerals", pa.string(), "what is in it, the strongest first"),
        Column("shares", pa.string(), "their shares of the heights"),
        Column("named", pa.string(), "what was named"),
        Column("right", pa.int64(), "minerals named rightly", between=(0, 3)),
        Column("share_error", pa.float64(), "mean error of shares, all being right", nullable=True),
    ),
    ("number", "components", "method"),
)


def judge_mixtures(library: MineralLibrary, count: int, seed: int) -> pa.Table:
    """Returns a MIXED table of random mixtures of two and of three minerals.

    Minerals are drawn evenly among those with at least two specimens, then a spectrum of each; the
    specimens of the mixture take no part in the search.

    Args:
        library: of the mirror.
        count: mixtures of each size.
        seed: of minerals, spectra and shares.
    """
    rng = np.random.default_rng(seed)
    searcher = MixtureSearch(library)
    rows_of = {
        m: np.flatnonzero(library.mineral == m) for m in np.flatnonzero(repeated_minerals(library))
    }
    means = _means(library)
    found = []
    for components in (2, 3):
        for number in range(count):
            minerals = rng.choice(sorted(rows_of), components, replace=False)
            rows = np.array([rng.choice(rows_of[m]) for m in minerals])
            shares = LEAST_SHARE + (1 - components * LEAST_SHARE) * rng.dirichlet(
                np.ones(components)
            )
            query = _mixed(library, rows, shares)
            names = np.array(library.specimens)
            own = np.unique(names[library.specimen[rows]])
            allowed = ~np.isin(names[library.specimen], own)
            similarity = search(library, query.slopes[None], query.covered[None])[0]
            best = searcher.find(query, similarity, components, best=1, allowed=allowed)
            ours = {c.mineral: c.share for c in best[0].components} if best else {}
            plain = _least_squares(library, query, allowed, means, components)
            truth = dict(zip((library.minerals[m] for m in minerals), shares.tolist(), strict=True))
            for method, named in ((OURS, ours), (LEAST_SQUARES, plain)):
                found.append(_row(number, components, method, truth, named))
    return MIXED.from_rows(found)


def _mixed(
    library: MineralLibrary, rows: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]
) -> Query:
    covered: npt.NDArray[np.bool_] = np.logical_and.reduce(library.covered[rows], axis=0)
    values = (shares[:, None] * library.intensity[rows]).sum(axis=0)
    ready = min_max(values, covered).astype(np.float32)
    return Query("mixture", ready, covered, slopes(ready[None], covered[None])[0], ())


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
    """Names the minerals of the greatest shares by non-negative least squares on their means."""
    usable = allowed[library.specimen_starts]
    mineral = library.specimen_mineral[usable]
    present, index = np.unique(mineral, return_inverse=True)
    columns = np.zeros((len(present), means.shape[1]))
    np.add.at(columns, index, means[usable])
    columns /= np.bincount(index)[:, None]
    inside = query.covered
    shares = nonnegative_weights(columns[:, inside], query.intensity[None, inside])[0]
    order = np.argsort(-shares)[:components]
    total = max(float(shares[order].sum()), 1e-12)
    return {library.minerals[present[i]]: float(shares[i] / total) for i in order}


def _row(
    number: int, components: int, method: str, truth: dict[str, float], named: dict[str, float]
) -> dict[str, object]:
    right = len(set(truth) & set(named))
    error = None
    if right == components:
        error = float(np.mean([abs(truth[m] - named[m]) for m in truth]))
    ordered = sorted(truth, key=lambda m: -truth[m])
    return {
        "number": number,
        "components": components,
        "method": method,
        "minerals": " + ".join(ordered),
        "shares": " + ".join(f"{truth[m]:.2f}" for m in ordered),
        "named": " + ".join(named),
        "right": right,
        "share_error": error,
    }
