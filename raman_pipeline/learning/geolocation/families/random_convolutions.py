"""Random-convolution ridge in the manner of MiniRocket.

Dempster, Schmidt & Webb (2021), MiniRocket: a very fast (almost) deterministic
transform. Its 84 kernels of nine weights, two thirds of them -1 and one third 2, are
convolved at several dilations; a feature is the share of positions at which the result
exceeds a bias drawn from the training spectra. Padding is with zeros throughout.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from raman_pipeline.common.jit import compiled
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.families.baselines import Probabilities, as_shares
from raman_pipeline.learning.geolocation.features import block
from raman_pipeline.learning.geolocation.fit_context import FitContext, Hyperparameters

RIDGE_GRID: tuple[Hyperparameters, ...] = ({"ridge": 0.1}, {"ridge": 1.0}, {"ridge": 10.0})

_TRIPLES = np.array(list(combinations(range(9), 3)), dtype=np.int64)
"""Where the three weights of 2 stand in each of the 84 kernels."""
_FEATURES = 5040

Features = npt.NDArray[np.float32]


def fit_random_convolutions(train: LabelledSpectra, context: FitContext) -> ModelState:
    """Draws biases and fits a ridge on one-hot countries."""
    spectra = block(train, "spectrum")
    dilations = _dilations(spectra.shape[1])
    biases = _draw_biases(spectra, dilations, np.random.default_rng(context.seed))
    raw = transform(spectra, dilations, biases)
    mean, deviation = raw.mean(axis=0), raw.std(axis=0) + 1e-6
    features = (raw - mean) / deviation
    targets = np.eye(len(train.classes))[train.label]
    offset = targets.mean(axis=0)
    # Fewer spectra than features: the dual system is the smaller one.
    gram = (features @ features.T).astype(np.float64)
    gram[np.diag_indices_from(gram)] += context.choice["ridge"] * features.shape[1]
    dual = cho_solve(cho_factor(gram, overwrite_a=True), targets - offset)
    return ModelState(
        {
            "dilations": dilations,
            "biases": biases,
            "mean": mean,
            "deviation": deviation,
            "weights": (features.T @ dual).astype(np.float32),
            "offset": offset,
        },
        {"ridge": context.choice["ridge"], "features": features.shape[1]},
    )


def predict_random_convolutions(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    """Returns the ridge's values, cut at zero and scaled to sum to one."""
    arrays = state.arrays
    raw = transform(block(test, "spectrum"), arrays["dilations"], arrays["biases"])
    values = (raw - arrays["mean"]) / arrays["deviation"] @ arrays["weights"] + arrays["offset"]
    return as_shares(values)


def _dilations(length: int) -> npt.NDArray[np.int64]:
    """Returns powers of two for which a kernel's nine taps fit into the spectrum."""
    return 2 ** np.arange(int(np.log2(max((length - 1) / 8, 1))) + 1)


def _draw_biases(
    spectra: Features, dilations: npt.NDArray[np.int64], rng: np.random.Generator
) -> Features:
    """Returns biases [dilations, 84, m]: quantiles of the kernel's output on a random spectrum."""
    each = max(_FEATURES // (len(dilations) * len(_TRIPLES)), 1)
    # The golden ratio spreads the quantiles evenly, whatever their number.
    quantiles = (np.arange(1, each + 1) * (np.sqrt(5) + 1) / 2) % 1
    biases = np.empty((len(dilations), len(_TRIPLES), each), np.float32)
    for d, dilation in enumerate(dilations):
        for k, triple in enumerate(_TRIPLES):
            spectrum = spectra[rng.integers(len(spectra))]
            biases[d, k] = np.quantile(_convolve(spectrum, dilation, triple), quantiles)
    return biases


@compiled()
def _convolve(spectrum, dilation, triple):  # noqa: ANN001, ANN202
    length = spectrum.size
    out = np.zeros(length, np.float32)
    for tap in range(9):
        weight = 2.0 if tap in (triple[0], triple[1], triple[2]) else -1.0
        shift = (tap - 4) * dilation
        for i in range(max(0, -shift), min(length, length - shift)):
            out[i] += np.float32(weight) * spectrum[i + shift]
    return out


@compiled()
def _transform(spectra, dilations, triples, biases, out):  # noqa: ANN001, ANN202
    each = biases.shape[2]
    length = spectra.shape[1]
    for n in range(spectra.shape[0]):
        column = 0
        for d in range(dilations.size):
            for k in range(triples.shape[0]):
                values = _convolve(spectra[n], dilations[d], triples[k])
                for b in range(each):
                    above = 0
                    bias = biases[d, k, b]
                    for i in range(length):
                        above += values[i] > bias
                    out[n, column] = above / length
                    column += 1


def transform(spectra: Features, dilations: npt.NDArray[np.int64], biases: Features) -> Features:
    """Returns the shares of positions above each bias, float32 [n, features]."""
    out = np.empty((len(spectra), biases.size), np.float32)
    _transform(np.ascontiguousarray(spectra), dilations, _TRIPLES, biases, out)
    return out
