"""Mixtures step by step: how often the second mineral is found once the first is accepted.

    python -m benchmarks.accepted data/store/rruff/assets/mineral_library.safetensors [--count 300]

Mixtures of two spectra of the library are drawn as in its report; their specimens are left out. The
mineral of the larger part is accepted. Prints, for the other one, how often it is first and among
the first five: in the list without the accepted mineral, in that of what is left, and in the best
mixture; then how much is left of mixtures, and of single spectra whose mineral is accepted.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.storage import store_path
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.accepted import Accepted, fit_out
from raman_pipeline.learning.identification.leave_one_out import multi_specimen_minerals
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.mixture_evaluation import SMALLEST_FRACTION, mixed
from raman_pipeline.learning.identification.mixtures import MixtureSearch
from raman_pipeline.learning.identification.query import Query
from raman_pipeline.learning.identification.search import EXCLUDED, by_mineral, by_specimen, search

Mask = npt.NDArray[np.bool_]


def rank(library: MineralLibrary, query: Query, usable: Mask, mineral: int) -> int:
    """Returns the place of a mineral in the list of a query, from 0."""
    similarity = search(library, query.derivatives[None], query.valid[None])
    similarity[:, ~usable] = EXCLUDED
    scores = by_mineral(library, by_specimen(library, similarity))[0]
    return int((scores > scores[mineral]).sum())


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=store_path)
    parser.add_argument("--count", type=int, default=300)
    chosen = parser.parse_args()
    library = MineralLibrary.from_state(ModelState.read(chosen.library))
    rng, searcher = np.random.default_rng(0), MixtureSearch(library)
    minerals = np.flatnonzero(multi_specimen_minerals(library))
    ids = np.array(library.specimens)[library.specimen]
    ranks: dict[str, list[int]] = {"without the first": [], "of the rest": []}
    in_mixture, errors = 0, []
    rests: dict[str, list[Accepted]] = {"mixtures": [], "single": []}
    for _ in range(chosen.count):
        pair = rng.choice(minerals, 2, replace=False)
        rows = np.array([rng.choice(np.flatnonzero(library.mineral == m)) for m in pair])
        fractions = SMALLEST_FRACTION + (1 - 2 * SMALLEST_FRACTION) * rng.dirichlet(np.ones(2))
        first, second = pair[np.argsort(-fractions)]
        usable = ~np.isin(ids, ids[rows])
        query = mixed(library, rows, fractions)
        of_first = np.flatnonzero(usable & (library.mineral == first))
        others = usable & (library.mineral != first)
        fit = fit_out(library, query, [of_first])
        ranks["without the first"].append(rank(library, query, others, second))
        ranks["of the rest"].append(rank(library, fit.rest, others, second))
        similarity = search(library, query.derivatives[None], query.valid[None])[0]
        best = searcher.find(query, similarity, 2, 1, usable)
        names = {c.mineral for m in best for c in m.components}
        in_mixture += library.minerals[second] in names
        errors.append(abs(fit.parts[0].share - float(fractions.max())))
        rests["mixtures"].append(fit)
        alone = mixed(library, rows[:1], np.ones(1))
        of_it = np.flatnonzero(usable & (library.mineral == pair[0]))
        rests["single"].append(fit_out(library, alone, [of_it]))
    for name, found in ranks.items():
        places = np.array(found)
        print(f"second {name}: first {(places < 1).mean():.3f}, top five {(places < 5).mean():.3f}")
    print(f"second in the best mixture: {in_mixture / chosen.count:.3f}")
    print(f"share of the first: mean absolute error {np.mean(errors):.3f}")
    for name, fits in rests.items():
        left = np.percentile([f.left for f in fits], (10, 50, 90))
        unexplained = np.percentile([f.unexplained for f in fits], (10, 50, 90))
        print(f"{name}: left (10, 50, 90%) {left.round(3)}, unexplained {unexplained.round(3)}")


if __name__ == "__main__":
    main()
