"""ConvNeXt1D as a model family: fit and predict on labelled spectra."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.models.convnext1d import ConvNeXt1D
from raman_pipeline.learning.training.classifier import (
    TrainingSet,
    cropped,
    predict_probabilities,
    train_classifier,
)
from raman_pipeline.learning.training.presets import ConvNeXtPreset
from raman_pipeline.learning.training.threads import one_thread


@one_thread()
def fit_convnext(train: LabelledSpectra, context: FitContext, preset: ConvNeXtPreset) -> ModelState:
    """Trains a ConvNeXt1D; the state holds weights, preset, classes and the final loss."""
    data = TrainingSet.of(train, preset)
    torch.manual_seed(context.seed)
    model = build(preset, data.spectra.shape[1], len(train.classes))
    reports = train_classifier(
        model, data, preset, context.seed, context.checkpoint, context.on_epoch
    )
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    metadata = {
        "preset": preset.model_dump(mode="json"),
        "length": data.spectra.shape[1],
        "classes": list(train.classes),
        "parameters": sum(p.numel() for p in model.parameters()),
        "final_training_loss": round(reports[-1].loss, 6),
    }
    return ModelState(arrays, metadata)


@one_thread()
def predict_convnext(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> npt.NDArray[np.float64]:
    """Returns probabilities of a stored ConvNeXt1D, float64 [n, classes]."""
    preset = ConvNeXtPreset.model_validate(state.metadata["preset"])
    model = build(preset, state.metadata["length"], len(state.metadata["classes"]))
    names = model.state_dict()
    model.load_state_dict({name: torch.from_numpy(state.arrays[name]) for name in names})
    return predict_probabilities(model, cropped(test, preset))


class StandardisedRoot(nn.Module):
    """Standardised square roots of each spectrum, [batch, m]."""

    def forward(self, spectra: Tensor) -> Tensor:
        """Returns the same shape; a flat spectrum stays zero."""
        root = spectra.clamp_min(0).sqrt()
        centred = root - root.mean(dim=1, keepdim=True)
        return centred / (root.std(dim=1, keepdim=True, correction=0) + 1e-6)


def build(preset: ConvNeXtPreset, length: int, classes: int) -> nn.Module:
    """Returns the transform and the network of a preset, with initial weights."""
    network = ConvNeXt1D(
        length=length,
        classes=classes,
        depths=preset.depths,
        dims=preset.dims,
        layer_scale=preset.layer_scale,
        stem_norm=preset.stem_norm,
        position_embedding=preset.position_embedding,
        initialisation=preset.initialisation,
        drop_path=preset.drop_path,
        dropout=preset.dropout,
    )
    transform = StandardisedRoot() if preset.transform == "standardised_root" else nn.Identity()
    return nn.Sequential(OrderedDict(transform=transform, network=network))
