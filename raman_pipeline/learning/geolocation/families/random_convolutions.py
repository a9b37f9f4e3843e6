"""Ridge regression on the features of random convolutions, similar to MiniRocket.

Dempster, Schmidt & Webb (2021), MiniRocket: a very fast (almost) deterministic transform. Its 84
kernels of nine weights, six of them -1 and three of them 2, are convolved at several dilations; a
feature is the proportion of positive values after a bias drawn from the training spectra.

It is not MiniRocket itself: padding is with zeros throughout, and there are 5,040 features. aeon,
which has the original, is not worth its dependencies for one baseline.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.jit import compiled
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.families.baselines import Probabilities, as_probabilities
from raman_pipeline.learning.geolocation.features import feature_block
from raman_pipeline.learning.geolocation.fit_context import FitContext

_TRIPLES = np.array(list(combinations(range(9), 3)), dtype=np.int64)
"""Positions of the three weights of 2 in each of the 84 kernels."""
_FEATURES = 5040

Features = npt.NDArray[np.float32]


def fit_random_convolutions(train: LabelledSpectra, context: FitContext) -> ModelState:
    """Draws biases and fits ridge regression on one-hot countries."""
    from sklearn.linear_model import Ridge

    spectra = feature_block(train, "spectrum")
    dilations = _dilations(spectra.shape[1])
    biases = _draw_biases(spectra, dilations, np.random.default_rng(context.seed))
    raw = transform(spectra, dilations, biases)
    mean, deviation = raw.mean(axis=0), raw.std(axis=0) + 1e-6
    ridge = context.hyperparameters["ridge"]
    # With fewer spectra than features the solver takes the dual system, the smaller one.
    model = Ridge(ridge * raw.shape[1], solver="cholesky")
    model.fit(
        ((raw - mean) / deviation).astype(np.float64), np.eye(len(train.classes))[train.label]
    )
    return ModelState(
        {
            "dilations": dilations,
            "biases": biases,
            "mean": mean,
            "deviation": deviation,
            "weights": model.coef_.T.astype(np.float32),
            "intercept": model.intercept_,
        },
        {"ridge": ridge, "features": raw.shape[1]},
    )


def predict_random_convolutions(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> Probabilities:
    """Returns the predicted values, clipped at zero and normalised to sum to one."""
    arrays = state.arrays
    raw = transform(feature_block(test, "spectrum"), arrays["dilations"], arrays["biases"])
    features = (raw - arrays["mean"]) / arrays["deviation"]
    return as_probabilities(features @ arrays["weights"] + arrays["intercept"])


def _dilations(length: int) -> npt.NDArray[np.int64]:
    """Returns the powers of two at which the nine taps of a kernel fit into the spectrum."""
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
    """Returns the proportion of positions above each bias, float32 [n, features]."""
    out = np.empty((len(spectra), biases.size), np.float32)
    _transform(np.ascontiguousarray(spectra), dilations, _TRIPLES, biases, out)
    return out
