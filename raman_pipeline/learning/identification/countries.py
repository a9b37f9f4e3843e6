"""Where a specimen may come from: the countries of those that its spectrum is like.

What belongs here: probabilities of countries, and the words that must stand beside them. What does
not: geolocation by trained models (see `learning.families`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.library import MineralLibrary

Floats = npt.NDArray[np.floating[Any]]

CAVEAT = (
    "A spectrum tells the mineral, hardly the place: these are the countries of the specimens that "
    "it is most like, mixed with those of all specimens of the library."
)
_TEMPERATURES = (0.02, 0.04, 0.08, 0.15, 0.3)
_PRIORS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class CountryGuess:
    """Numbers that make probabilities of countries from similarities of specimens.

    Attributes:
        temperature: similarities are divided by it before the softmax over specimens.
        prior_share: weight of the countries of all specimens.
    """

    temperature: float
    prior_share: float

    def as_json(self) -> dict[str, float]:
        """Returns plain data."""
        return asdict(self)


def country_codes(library: MineralLibrary) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Returns the countries of a library, and the index of each specimen's, −1 for none."""
    codes = tuple(sorted({c for c in library.countries if c}))
    index = {code: i for i, code in enumerate(codes)}
    return codes, np.array([index.get(c or "", -1) for c in library.countries])


def country_probabilities(
    library: MineralLibrary, guess: CountryGuess, specimens: Floats
) -> npt.NDArray[np.float64]:
    """Returns the chance of each country, float64 [q, countries].

    Args:
        library: with at least one specimen of a known country.
        guess: the numbers.
        specimens: similarities, [q, specimens].
    """
    codes, index = country_codes(library)
    placed = index >= 0
    values = specimens[:, placed].astype(np.float64) / guess.temperature
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    member = np.eye(len(codes))[index[placed]]
    return (1 - guess.prior_share) * weights @ member + guess.prior_share * member.mean(axis=0)


def fit_countries(
    library: MineralLibrary, specimens: Floats, label: npt.NDArray[np.int64]
) -> CountryGuess:
    """Chooses the numbers of least log loss.

    Args:
        library: that was searched.
        specimens: similarities of left-out queries, [q, specimens].
        label: index of each query's country, −1 for none.
    """
    placed = np.flatnonzero(label >= 0)

    def loss(guess: CountryGuess) -> float:
        chances = country_probabilities(library, guess, specimens[placed])
        return float(-np.log(chances[np.arange(len(placed)), label[placed]] + 1e-9).mean())

    guesses = [CountryGuess(t, p) for t in _TEMPERATURES for p in _PRIORS]
    return min(guesses, key=loss) if len(placed) else guesses[-1]
