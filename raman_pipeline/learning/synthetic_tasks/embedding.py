"""The embedding of Vorozhtsov & Kitina (2024): training, inference, k nearest neighbours."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import torch

from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.models.spectrum_cnn import SpectrumCNN
from raman_pipeline.learning.synthetic_tasks.presets import EmbeddingPreset
from raman_pipeline.learning.synthetic_tasks.triplets import Triplets
from raman_pipeline.learning.training.device import choose_device
from raman_pipeline.learning.training.loop import OnEpoch, optimise
from raman_pipeline.learning.training.threads import one_thread
from raman_pipeline.universal_synthetic.dataset import Labelled

Vectors = npt.NDArray[np.float32]
NEIGHBOURS = (1, 3, 5, 7, 9, 11, 15, 21)
"""Candidates for k, chosen on the validation set."""
_BATCH = 256


@one_thread()
def fit_embedding(
    training: Labelled,
    preset: EmbeddingPreset,
    seed: int,
    mixtures: bool = False,
    checkpoint: StorePath | None = None,
    on_epoch: OnEpoch | None = None,
) -> ModelState:
    """Trains the embedding on labelled spectra.

    Args:
        training: float32 [n, points], at least two per class.
        preset: of the network and its training.
        seed: of weights, batches, triplets and noise.
        mixtures: whether to train with triplets of mixtures.
        checkpoint: as `optimise` takes it.
        on_epoch: called after each epoch; the metric is the fraction of active triplets.

    Returns:
        Weights by name, with preset, points, seed and the last loss.
    """
    torch.manual_seed(seed)
    points = training.spectra.shape[1]
    model = SpectrumCNN(points, preset.size).to(choose_device())
    objective = Triplets(model, training, preset, mixtures)
    digest = hashlib.sha256(np.ascontiguousarray(training.spectra).view(np.uint8).data)
    digest.update(training.label.tobytes() + (training.top.tobytes() if mixtures else b""))
    digest.update(f"{preset.model_dump_json()} {seed} {mixtures} {torch.__version__}".encode())
    reports = optimise(
        model, objective, preset, preset.epochs, seed, digest.hexdigest(), checkpoint, on_epoch
    )
    metadata = {
        "preset": preset.model_dump(mode="json"),
        "points": points,
        "seed": seed,
        "mixtures": mixtures,
        "training_spectra": len(training),
        "final_loss": round(reports[-1].loss, 6),
    }
    return ModelState({n: v.numpy() for n, v in model.state_dict().items()}, metadata)


class Embedding:
    """A trained embedding, ready for inference.

    Args:
        state: as `fit_embedding` returns it.
    """

    def __init__(self, state: ModelState) -> None:
        self.device = choose_device()
        size = EmbeddingPreset.model_validate(state.metadata["preset"]).size
        self._model = SpectrumCNN(state.metadata["points"], size)
        self._model.load_state_dict(
            {n: torch.from_numpy(state.arrays[n]) for n in self._model.state_dict()}
        )
        self._model.eval().to(self.device)

    @one_thread()
    def __call__(self, spectra: npt.NDArray[np.float32]) -> Vectors:
        """Returns unit vectors, float32 [n, size], of spectra [n, points]."""
        parts = []
        with torch.inference_mode():
            for start in range(0, len(spectra), _BATCH):
                batch = np.array(spectra[start : start + _BATCH], dtype=np.float32)
                parts.append(self._model(torch.from_numpy(batch).to(self.device)).cpu().numpy())
        return np.concatenate(parts)


def nearest_classes(
    training: tuple[Vectors, npt.NDArray[np.int64]],
    validation: tuple[Vectors, npt.NDArray[np.int64]],
    test: Vectors,
) -> tuple[npt.NDArray[np.int64], int]:
    """Returns the k-NN class of each test vector, and k.

    k has the highest accuracy on the validation set; of equal ones the smallest is taken.
    """
    from sklearn.neighbors import KNeighborsClassifier

    scores = {}
    for k in NEIGHBOURS:
        if k <= len(training[1]):
            scores[k] = KNeighborsClassifier(k).fit(*training).score(*validation)
    best = max(scores, key=lambda k: (scores[k], -k))
    return KNeighborsClassifier(best).fit(*training).predict(test), best
