"""Country of origin: the countries of the specimens that a spectrum resembles."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.calibration import softmax
from raman_pipeline.learning.identification.library import MineralLibrary

Floats = npt.NDArray[np.floating[Any]]

CAVEAT = (
    "A spectrum identifies the mineral, hardly the place: these are the countries of the most "
    "similar specimens, mixed with those of all specimens of the library."
)
_TEMPERATURES = (0.02, 0.04, 0.08, 0.15, 0.3)
_PRIOR_WEIGHTS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class CountryModel:
    """Parameters that turn similarities of specimens into probabilities of countries.

    Attributes:
        temperature: of the softmax over specimens.
        prior_weight: weight of the frequencies of countries among all specimens.
    """

    temperature: float
    prior_weight: float

    def as_json(self) -> dict[str, float]:
        """Returns plain data."""
        return asdict(self)


def country_codes(library: MineralLibrary) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Returns the countries of a library, and the index of each specimen's, −1 for none."""
    codes = tuple(sorted({c for c in library.countries if c}))
    index = {code: i for i, code in enumerate(codes)}
    return codes, np.array([index.get(c or "", -1) for c in library.countries])


def country_probabilities(
    library: MineralLibrary, model: CountryModel, specimens: Floats
) -> npt.NDArray[np.float64]:
    """Returns the probability of each country, float64 [q, countries].

    Args:
        library: with at least one specimen of a known country.
        model: the parameters.
        specimens: similarities, [q, specimens].
    """
    weights, member = _weights(library, model.temperature, specimens)
    return (1 - model.prior_weight) * weights @ member + model.prior_weight * member.mean(axis=0)


def _weights(
    library: MineralLibrary, temperature: float, specimens: Floats
) -> tuple[Floats, Floats]:
    """Returns weights of located specimens [q, n], and their countries, one-hot [n, countries]."""
    codes, index = country_codes(library)
    located = index >= 0
    weights = softmax(specimens[:, located].astype(np.float64), temperature)
    return weights, np.eye(len(codes))[index[located]]


def fit_countries(
    library: MineralLibrary, specimens: Floats, label: npt.NDArray[np.int64]
) -> CountryModel:
    """Chooses the parameters of least log loss.

    Args:
        library: reference spectra.
        specimens: leave-one-specimen-out similarities, [q, specimens].
        label: index of each query's country, −1 for none.
    """
    located = np.flatnonzero(label >= 0)
    if not len(located):
        return CountryModel(_TEMPERATURES[-1], _PRIOR_WEIGHTS[-1])
    own = label[located]
    losses: dict[CountryModel, float] = {}
    for temperature in _TEMPERATURES:
        weights, member = _weights(library, temperature, specimens[located])
        similar, prior = (weights @ member)[np.arange(len(own)), own], member.mean(axis=0)[own]
        for weight in _PRIOR_WEIGHTS:
            found = (1 - weight) * similar + weight * prior
            losses[CountryModel(temperature, weight)] = float(-np.log(found + 1e-9).mean())
    return min(losses, key=losses.__getitem__)
